# An overlay port of the sources that it lies in: `vcpkg install cardea --overlay-ports=packaging/vcpkg`.
# A port of a registry would say vcpkg_from_github() for SOURCE_PATH.
cmake_path(SET SOURCE_PATH NORMALIZE "${CMAKE_CURRENT_LIST_DIR}/../..")

vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS -DCARDEA_BUILD_TESTS=OFF -DCARDEA_BUILD_EXAMPLES=OFF -DCARDEA_BUILD_TOOL=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/Cardea)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
