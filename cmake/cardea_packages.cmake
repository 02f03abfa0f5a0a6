# Debian packages by cpack: libcardeaX.Y, libcardea-dev and cardea, the components library, dev and tool; and the stack in C,
# libcardea-stackX and libcardea-stack-dev.
if(NOT BUILD_SHARED_LIBS OR NOT CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  message(FATAL_ERROR "CARDEA_PACKAGES: packages have a shared library in /usr (the preset `packages` says so)")
endif()

set(library_package libcardea${CARDEA_SOVERSION})
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME cardea)
set(CPACK_PACKAGE_VENDOR "Cardea")
set(CPACK_PACKAGE_CONTACT "The Cardea authors <maintainers@cardea.invalid>")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL library dev tool stack stack_dev)
set(CPACK_DEB_COMPONENT_INSTALL ON)
# What debuggers need goes into packages of its own, NAME-dbgsym (*.ddeb), and out of the others.
set(CPACK_DEBIAN_LIBRARY_DEBUGINFO_PACKAGE ON)
set(CPACK_DEBIAN_TOOL_DEBUGINFO_PACKAGE ON)
set(CPACK_DEBIAN_STACK_DEBUGINFO_PACKAGE ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/src)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(about "Cardea's calls block, as the textbook says: a plain thread, or a fiber of an io_uring or epoll loop.
 Deadlines are scopes, every wait can be cancelled, and the same program runs on a simulated network.")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME ${library_package})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "sockets for C++20, written straight-line (library)
 ${about}")
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libcardea-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "${library_package} (= ${PROJECT_VERSION}-1)")
set(CPACK_COMPONENT_DEV_DESCRIPTION "sockets for C++20, written straight-line (development files)
 ${about}
 .
 This package has the headers, the CMake package and the pkg-config file.")
set(CPACK_DEBIAN_TOOL_PACKAGE_NAME cardea)
set(CPACK_DEBIAN_TOOL_PACKAGE_SECTION net)
set(CPACK_DEBIAN_TOOL_PACKAGE_DEPENDS "${library_package} (= ${PROJECT_VERSION}-1)")
set(CPACK_COMPONENT_TOOL_DESCRIPTION "sockets from the command line: connect, listen, serve
 The command cardea opens connections, listens, serves echo, and draws the ladder of what socket calls do.")
set(stack_package libcardea-stack${PROJECT_VERSION_MAJOR})
set(CPACK_DEBIAN_STACK_PACKAGE_NAME ${stack_package})
set(CPACK_DEBIAN_STACK_PACKAGE_SECTION libs)
set(CPACK_COMPONENT_STACK_DESCRIPTION "TCP/IP stack without I/O of its own, for C programs (library)
 IP packets and time go in, packets and the results of socket calls come out: for harnesses that test a TCP/IP stack.")
set(CPACK_DEBIAN_STACK_DEV_PACKAGE_NAME libcardea-stack-dev)
set(CPACK_DEBIAN_STACK_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_STACK_DEV_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_STACK_DEV_PACKAGE_DEPENDS "${stack_package} (= ${PROJECT_VERSION}-1)")
set(CPACK_COMPONENT_STACK_DEV_DESCRIPTION "TCP/IP stack without I/O of its own, for C programs (development files)
 IP packets and time go in, packets and the results of socket calls come out: for harnesses that test a TCP/IP stack.")

# Compressed as Debian's policy wants it (12.1, 12.7): with no time in it, so that the same sources make the same package.
find_program(CARDEA_GZIP gzip REQUIRED)
function(cardea_compressed file compressed)
  execute_process(COMMAND ${CARDEA_GZIP} -9nc ${PROJECT_SOURCE_DIR}/${file}
    OUTPUT_FILE ${CMAKE_CURRENT_BINARY_DIR}/${compressed} COMMAND_ERROR_IS_FATAL ANY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${file})
endfunction()
cardea_compressed(CHANGELOG.md changelog.gz)
cardea_compressed(packaging/cardea.1 cardea.1.gz)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/cardea.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT tool)

# Every package says its licence and what changed, where policy looks for it (12.5, 12.7).
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} upper)
  set(doc ${CMAKE_INSTALL_DATAROOTDIR}/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${doc} RENAME copyright COMPONENT ${component})
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/changelog.gz DESTINATION ${doc} COMPONENT ${component})
endforeach()

# Policy 8.1.1: a package with a library has dpkg run ldconfig once, after all packages.
set(triggers ${CMAKE_CURRENT_BINARY_DIR}/triggers)
file(CONFIGURE OUTPUT ${triggers} CONTENT "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${triggers})
set(CPACK_DEBIAN_STACK_PACKAGE_CONTROL_EXTRA ${triggers})
include(CPack)
