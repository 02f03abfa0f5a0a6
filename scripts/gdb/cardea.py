"""For gdb: the fibers of a program that uses Cardea, in a process or in a core file. Nothing of it is written to.

    (gdb) source /usr/local/share/cardea/gdb/cardea.py      (Debian's package has gdb do this by itself)
    (gdb) help cardea

A fiber that does not run has its registers on its stack, where jump_fcontext of Boost.Context put them. While a fiber is
chosen, an unwinder lets gdb believe that the thread's innermost frame was called from there, and everything that gdb can
do with frames works on the fiber's.
"""

import re

import gdb
import gdb.unwinder

# Where jump_fcontext keeps what, from the saved stack pointer on. Boost 1.74: jump_x86_64_sysv_elf_gas.S and
# jump_arm64_aapcs_elf_gas.S. The value behind them is the size of the record: the stack pointer afterwards.
X86_64 = ({"r12": 0x08, "r13": 0x10, "r14": 0x18, "r15": 0x20, "rbx": 0x28, "rbp": 0x30, "rip": 0x38}, 0x40)
AARCH64 = ({**{f"x{n}": 0x40 + 8 * (n - 19) for n in range(19, 31)}, "pc": 0xA0}, 0xB0)
NO_TYPES = ("nothing is known of Cardea here: the program does not use it, or what a debugger needs has been stripped "
            "from it (Debian has that in the package libcardea*-dbgsym)")
NO_STACKS = ("a core file by gdb's generate-core-file may lack the fibers' stacks, where the kernel (from 6.13 on) guards them "
             "without a mapping for each guard; one that the kernel writes has them")
# A function of Cardea that users call, as far as its name is worth showing.
CALL = re.compile(r"(?:[\w:<>,*& ]+ )?cardea::((?!detail::)(?:\w+::)*~?\w+)")
# What is not the user's own code, at the beginning of a function's name; a template's has its type before that.
INNER = re.compile(r"(?:[\w:<>,*& ]+ )?(?:cardea|std|__gnu_cxx|boost)::|jump_fcontext|__libc_")


def pointed(value):
    """What a pointer points to; None for a null pointer."""
    return value.dereference() if int(value) else None


def at_pc(frame):
    return int(frame.read_register("pc"))


def at_sp(frame):
    return int(frame.read_register("sp"))


def word(address):
    return int.from_bytes(gdb.selected_inferior().read_memory(address, 8).tobytes(), "little")


class Fiber:
    """A fiber's record, as it is in memory."""

    def __init__(self, record):
        self.record = record
        self.address = int(record.address)
        length = int(record["name_length_"])
        name = gdb.selected_inferior().read_memory(int(record["name_"].address), length).tobytes()
        self.name = name.decode("utf-8", "replace")
        self.state = str(record["now"]).rsplit("::", maxsplit=1)[-1]

    def title(self):
        return f'fiber "{self.name}" ({self.address:#x}), {self.condition()}'

    def condition(self):
        if self.state == "ready" and self.is_new():
            return "not begun"
        doing = pointed(self.record["doing"])
        what = doing["what"].string("utf-8", "replace") if doing is not None and int(doing["what"]) else ""
        return f"{self.state}: {what}" if what else self.state

    def waits_ns(self):
        """How long it had been waiting when its loop last looked at its network."""
        return max(int(self.record["home"]["recent_ns_"]) - int(self.record["parked_ns"]), 0)

    def is_new(self):
        """It has not run yet: its stack has nothing but what make_fcontext put there, at the top."""
        _, size = self.layout()
        return self.address - (int(self.record["machine"]["at"]) + size) < int(self.record["how"]["size"]) + 256

    @staticmethod
    def layout():
        machine = gdb.selected_inferior().architecture().name()
        if machine == "aarch64":
            return AARCH64
        if machine != "i386:x86-64":
            raise gdb.GdbError(f"cardea: where Boost.Context keeps a fiber's registers on {machine} is not known here")
        offsets, size = X86_64
        # Newer ones begin with another `lea -SIZE(%rsp),%rsp`, perhaps after an endbr64: a stack guard has come before r12.
        try:
            code = gdb.selected_inferior().read_memory(int(gdb.parse_and_eval("(long)&jump_fcontext")), 9).tobytes()
            longer = re.match(rb"(?:\xf3\x0f\x1e\xfa)?\x48\x8d\x64\x24\xc0", code)
        except gdb.error:
            longer = None
        return ({name: at + 8 for name, at in offsets.items()}, size + 8) if longer else X86_64

    def registers(self):
        """What its registers will be when it goes on."""
        at = int(self.record["machine"]["at"])
        offsets, size = self.layout()
        saved = {name: word(at + offset) for name, offset in offsets.items()}
        saved["rsp" if "rip" in saved else "sp"] = at + size
        return at, saved

    def thread(self):
        """The thread that it runs on; None if it does not."""
        low = int(self.record["on"]["low"])
        high = low + int(self.record["on"]["size"])
        before = gdb.selected_thread()
        try:
            for thread in gdb.selected_inferior().threads():
                thread.switch()
                if low <= at_sp(gdb.newest_frame()) < high:
                    return thread
        finally:
            before.switch()
        return None


class Loop:
    def __init__(self, record):
        self.record = record

    def fibers(self):
        """Oldest first."""
        found, at = [], pointed(self.record["alive_"])
        while at is not None:
            found.append(Fiber(at))
            at = pointed(at["next_alive"])
        return found[::-1]

    def title(self):
        net = self.record["net_"]
        table = int(net.address.cast(gdb.lookup_type("long").pointer()).dereference())
        kind = re.match(r"vtable for .*?(\w+?)(?:_network)? ", gdb.execute(f"info symbol {table:#x}", to_string=True))
        fibers = len(self.fibers())
        return f"loop {int(self.record['number_'])}{' on ' + kind[1] if kind else ''}: {fibers} fiber{'s'[fibers == 1:]}"


def loops():
    try:
        of = gdb.lookup_type("cardea::detail::loop").pointer()
        gdb.lookup_type("cardea::detail::fiber").fields()
        first = gdb.parse_and_eval("(long)&'cardea::detail::all_loops::first'")
    except gdb.error:
        raise gdb.GdbError(NO_TYPES) from None
    if gdb.selected_thread() is None:
        raise gdb.GdbError("there is no process, and no core file")
    found, at = [], pointed(gdb.Value(word(int(first))).cast(of))
    while at is not None:
        found.append(Loop(at))
        at = pointed(at["next_loop_"])
    return sorted(found, key=lambda loop: int(loop.record["number_"]))


def fibers_called(name):
    """Those of that name, or the one at that address; all of them."""
    everybody = [fiber for loop in loops() for fiber in loop.fibers()]
    if name == "all":
        return everybody
    found = [fiber for fiber in everybody if fiber.name == name]
    if not found and re.fullmatch(r"0x[0-9a-fA-F]+", name):
        found = [fiber for fiber in everybody if fiber.address == int(name, 16)]
    if not found:
        raise gdb.GdbError(f'there is no fiber "{name}"')
    return found


class FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


class FiberUnwinder(gdb.unwinder.Unwinder):
    """Says of the innermost frame of one thread that it was called by the chosen fiber."""

    def __init__(self):
        super().__init__("cardea-fiber")
        self.fiber = None

    def choose(self, fiber):
        innermost = gdb.newest_frame()
        self.thread = gdb.selected_thread().ptid
        self.here = (at_pc(innermost), at_sp(innermost))
        self.at, self.saved = fiber.registers()
        self.fiber = fiber
        gdb.invalidate_cached_frames()

    def reset(self):
        if self.fiber is not None:
            self.fiber = None
            gdb.invalidate_cached_frames()

    def is_innermost(self, frame):
        """Not by its level: functions that are inlined there have frames of their own, with the same registers."""
        return (at_pc(frame), at_sp(frame)) == self.here

    def __call__(self, pending):
        if self.fiber is None or gdb.selected_thread().ptid != self.thread or not self.is_innermost(pending):
            return None
        # gdb refuses a caller whose frame is not further out than that of its callee, so this one gets the fiber's stack.
        where = pending.read_register("sp").type
        unwound = pending.create_unwind_info(FrameId(gdb.Value(self.at).cast(where), pending.read_register("pc")))
        for name, value in self.saved.items():
            unwound.add_saved_register(name, gdb.Value(value).cast(pending.read_register(name).type))
        return unwound

    def outermost_of_thread(self):
        """How many of the innermost frames are the thread's own."""
        count, frame = 0, gdb.newest_frame()
        while frame is not None and self.is_innermost(frame):
            count, frame = count + 1, frame.older()
        return count


unwinder = FiberUnwinder()
gdb.unwinder.register_unwinder(None, unwinder, replace=True)
# What was true while the program stood still is not when it goes on.
gdb.events.cont.connect(lambda event: unwinder.reset())
gdb.events.exited.connect(lambda event: unwinder.reset())


class looking_at:
    """with looking_at(fiber): frames are the fiber's. Then everything is as it was before."""

    def __init__(self, fiber):
        self.fiber = fiber

    def __enter__(self):
        self.before = (gdb.selected_thread(), unwinder.fiber, gdb.selected_frame().level())
        self.own = self.fiber.thread() if self.fiber.state == "running" else None
        if self.own is None:
            unwinder.choose(self.fiber)
        else:
            unwinder.reset()
            self.own.switch()
        return 0 if self.own else unwinder.outermost_of_thread()

    def __exit__(self, *failure):
        thread, fiber, level = self.before
        unwinder.reset()
        thread.switch()
        if fiber is not None:
            unwinder.choose(fiber)
        gdb.execute(f"frame {level}", to_string=True)


def place(fiber):
    """The call of Cardea that it is in, and the place in its user's code where that was called."""
    call = ""
    with looking_at(fiber) as level:
        frame = gdb.newest_frame()
        while frame is not None and (frame.level() < level or INNER.match(frame.name() or "")):
            found = CALL.match(frame.name() or "")
            call = found[1] if found and frame.level() >= level else call
            frame = frame.older()
        if frame is None or not frame.name():
            return call, ""
        line = frame.find_sal()
        file = f" at {line.symtab.filename.rsplit('/', maxsplit=1)[-1]}:{line.line}" if line.symtab else ""
        return call, f"{frame.name()}{file}"


def backtrace(fiber):
    with looking_at(fiber) as level:
        text = gdb.execute("backtrace", to_string=True)
    return text[re.search(rf"^#{level} ", text, re.MULTILINE).start():] if level else text


class Cardea(gdb.Command):
    """Fibers of Cardea: `cardea fibers` lists them."""

    def __init__(self):
        super().__init__("cardea", gdb.COMMAND_STACK, prefix=True)


class Command(gdb.Command):
    """A command whose argument, if it takes one, is a fiber's name or address."""

    takes = 1

    def __init__(self):
        super().__init__(f"cardea {type(self).__name__.lower()}", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        words = gdb.string_to_argv(argument)
        if self.takes and words:
            words = [" ".join(words)]  # names may have blanks
        if len(words) != self.takes:
            raise gdb.GdbError(type(self).__doc__.splitlines()[0])
        try:
            self.carry_out(*words)
        except gdb.MemoryError as failure:
            raise gdb.GdbError(f"cardea: {failure}; {NO_STACKS}") from None

    def complete(self, text, word):
        return sorted({fiber.name for fiber in fibers_called("all") if fiber.name.startswith(text)}) if self.takes else []


class Fibers(Command):
    """cardea fibers: every fiber of every loop, what it is about, and where in the user's code.

    The time is how long a fiber had been waiting when its loop last looked at its network."""

    takes = 0

    def carry_out(self):
        for loop in loops():
            print(loop.title())
            rows = []
            for fiber in loop.fibers():
                since = f"{fiber.waits_ns() / 1e9:.3f} s" if fiber.state == "parked" else ""
                condition = fiber.condition()
                call, where = ("", "") if condition == "not begun" else place(fiber)
                if call and ":" not in condition:
                    condition = f"{condition}: {call}"
                rows.append((fiber.name, f"{fiber.address:#x}", condition, since, where))
            widths = [max(map(len, column)) for column in zip(*rows)]
            for fiber, row in zip(loop.fibers(), rows):
                mark = "*" if unwinder.fiber is not None and unwinder.fiber.address == fiber.address else " "
                print(f"{mark} " + "  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())


class Backtrace(Command):
    """cardea backtrace NAME|ADDRESS|all: the calls that the fiber is in, the innermost first."""

    def carry_out(self, name):
        for fiber in fibers_called(name):
            print(fiber.title())
            if fiber.condition() != "not begun":
                print(backtrace(fiber))


class OneFiber(Command):
    """cardea fiber NAME|ADDRESS: to look around in: frames are the fiber's until `cardea thread`, or the program goes on.

    Frame 0 remains the thread's own; those from 1 on are the fiber's."""

    def __init__(self):
        gdb.Command.__init__(self, "cardea fiber", gdb.COMMAND_STACK)

    def carry_out(self, name):
        found = fibers_called(name)
        if len(found) > 1:
            raise gdb.GdbError("which one?\n" + "\n".join(fiber.title() for fiber in found))
        fiber, = found
        if fiber.condition() == "not begun":
            raise gdb.GdbError(f"{fiber.title()}: there is nothing to see")
        unwinder.reset()
        own = fiber.thread() if fiber.state == "running" else None
        if own is not None:
            own.switch()
        else:
            unwinder.choose(fiber)
        print(fiber.title())
        gdb.execute(f"frame {0 if own else unwinder.outermost_of_thread()}")


class Thread(Command):
    """cardea thread: back from the fiber that was chosen to the thread as it is."""

    takes = 0

    def carry_out(self):
        unwinder.reset()
        gdb.execute("frame 0")


for command in (Cardea, Fibers, Backtrace, OneFiber, Thread):
    command()
