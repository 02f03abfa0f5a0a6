"""Cardea for Conan 2: `conan create packaging/conan`. Not yet tried: it needs a network that the tests do not have."""

import os

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, rmdir


class Cardea(ConanFile):
    name = "cardea"
    version = "0.1.0"
    description = "Sockets, straight-line: on threads, on fibers, on a simulated network"
    license = "MIT"
    topics = ("sockets", "networking", "fibers", "io_uring")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False]}
    default_options = {"shared": False, "fPIC": True, "boost/*:without_context": False}
    implements = ["auto_shared_fpic"]

    def export_sources(self):
        root = os.path.join(self.recipe_folder, "..", "..")
        for pattern in ("CMakeLists.txt", "LICENSE", "*.md", "cmake/*", "docs/*", "include/*", "scripts/gdb/*", "src/*"):
            copy(self, pattern, root, self.export_sources_folder, excludes=("build/*", ".git/*"))

    def requirements(self):
        self.requires("boost/1.85.0")
        self.requires("liburing/2.6")

    def validate(self):
        check_min_cppstd(self, 20)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        for part in ("TESTS", "EXAMPLES", "TOOL"):
            toolchain.cache_variables[f"CARDEA_BUILD_{part}"] = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        for made_by_conan in ("cmake", "pkgconfig"):
            rmdir(self, os.path.join(self.package_folder, "lib", made_by_conan))

    def package_info(self):
        self.cpp_info.libs = ["cardea"]
        self.cpp_info.set_property("cmake_file_name", "Cardea")
        self.cpp_info.set_property("cmake_target_name", "Cardea::cardea")
        self.cpp_info.set_property("pkg_config_name", "cardea")
        self.cpp_info.requires = ["boost::context", "liburing::liburing"]
        self.cpp_info.system_libs = ["pthread", "resolv"]
