# What `cmake --install` puts where, in the components library, dev and tool, and stack and stack_dev for
# the stack in C; all of it can be moved as a whole.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Cardea)

# The command finds a shared library beside itself, wherever both are. Packages set CMAKE_SKIP_INSTALL_RPATH.
if(BUILD_SHARED_LIBS AND TARGET cardea_tool)
  cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_BINDIR BASE_DIRECTORY /prefix OUTPUT_VARIABLE bin)
  cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_LIBDIR BASE_DIRECTORY /prefix OUTPUT_VARIABLE lib)
  cmake_path(RELATIVE_PATH lib BASE_DIRECTORY ${bin})
  set_target_properties(cardea_tool PROPERTIES INSTALL_RPATH $ORIGIN/${lib})
endif()

install(TARGETS cardea EXPORT CardeaTargets
  ARCHIVE COMPONENT dev
  LIBRARY COMPONENT library NAMELINK_COMPONENT dev
  RUNTIME COMPONENT library)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/cardea DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev
  FILES_MATCHING PATTERN "*.hpp")

# A shared library has its dependencies with it; who links a static one must find them.
# pkg-config, too: it fails where the .pc file of a private requirement is missing, even if nobody links a static library.
set(CARDEA_STATIC_DEPENDENCIES "")
set(CARDEA_PC_PRIVATE "")
if(NOT BUILD_SHARED_LIBS)
  set(CARDEA_STATIC_DEPENDENCIES "find_dependency(Boost 1.74 COMPONENTS context)")
  set(CARDEA_PC_PRIVATE "Requires.private: liburing\nLibs.private: -lboost_context -lresolv -pthread\n")
endif()
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/CardeaConfig.cmake.in CardeaConfig.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
# While the version is 0.x, what the minor number counts are the incompatible changes; the SOVERSION says the same.
write_basic_package_version_file(CardeaConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/CardeaConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/CardeaConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT dev)
install(EXPORT CardeaTargets NAMESPACE Cardea:: DESTINATION ${package_dir} COMPONENT dev)

cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_LIBDIR BASE_DIRECTORY /prefix OUTPUT_VARIABLE pc_dir)
set(CARDEA_PC_PREFIX /prefix)
cmake_path(RELATIVE_PATH CARDEA_PC_PREFIX BASE_DIRECTORY ${pc_dir}/pkgconfig)
configure_file(${PROJECT_SOURCE_DIR}/cmake/cardea.pc.in cardea.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/cardea.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)

# The fibers, for gdb, which loads a script by itself that is named after a library, below the folder of its scripts.
set(gdb_script ${PROJECT_SOURCE_DIR}/scripts/gdb/cardea.py)
install(FILES ${gdb_script} DESTINATION ${CMAKE_INSTALL_DATADIR}/cardea/gdb COMPONENT dev)
if(CARDEA_PACKAGES)
  install(FILES ${gdb_script} DESTINATION ${CMAKE_INSTALL_DATADIR}/gdb/auto-load/${CMAKE_INSTALL_FULL_LIBDIR}
    RENAME libcardea.so.${PROJECT_VERSION}-gdb.py COMPONENT library)
endif()

if(TARGET cardea_stack_c) # installs itself, as the components stack and stack_dev
  configure_file(${PROJECT_SOURCE_DIR}/cmake/cardea-stack.pc.in cardea-stack.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/cardea-stack.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
    COMPONENT stack_dev)
endif()

if(TARGET cardea_tool)
  install(TARGETS cardea_tool RUNTIME COMPONENT tool)
endif()

# Debian's packages have these three in forms and places of their own (cardea_packages.cmake).
if(NOT CARDEA_PACKAGES)
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT dev)
  if(TARGET cardea_tool)
    install(FILES ${PROJECT_SOURCE_DIR}/packaging/cardea.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT tool)
  endif()
endif()
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/ARCHITECTURE.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT dev)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT dev FILES_MATCHING PATTERN "*.md")
