# What a shared libcardea exports: what the headers of include/cardea/ declare, and nothing else. The headers stay free of
# export macros. ARCHITECTURE.md, "What is exported", says why it is done so.

# Appends to `out` the classes of detail rooms that public headers name but do not define: their members are private.
function(cardea_named_only out headers)
  set(named)
  set(defined)
  foreach(header IN LISTS headers)
    file(STRINGS ${header} lines REGEX "^(class|struct) [a-z_]+")
    foreach(line IN LISTS lines)
      if(line MATCHES "^(class|struct) ([a-z_]+);$")
        list(APPEND named ${CMAKE_MATCH_2})
      elseif(line MATCHES "^(class|struct) ([a-z_]+) ")
        list(APPEND defined ${CMAKE_MATCH_2})
      endif()
    endforeach()
  endforeach()
  list(REMOVE_DUPLICATES named)
  list(REMOVE_ITEM named ${defined})
  set(${out} ${named} PARENT_SCOPE)
endfunction()

# Compiles the target's sources with everything hidden but for what a generated header has declared before them, and
# links with a generated list of what is to be taken back.
function(cardea_export_public_headers target)
  set(include ${PROJECT_SOURCE_DIR}/include)
  file(GLOB headers CONFIGURE_DEPENDS ${include}/cardea/*.hpp)
  cardea_named_only(private_classes "${headers}")

  list(TRANSFORM headers REPLACE "^${include}/(.+)$" "#include <\\1>")
  list(JOIN headers "\n" includes)
  set(exported ${CMAKE_CURRENT_BINARY_DIR}/cardea_exported.hpp)
  file(CONFIGURE OUTPUT ${exported} @ONLY CONTENT
    "#pragma once\n#pragma GCC visibility push(default)\n@includes@\n#pragma GCC visibility pop\n")
  # Precompiled, for reading all of them doubles the time that a file takes. A file with other debug information than the
  # rest (fiber/loop.cpp) reads them, and need not say so.
  target_precompile_headers(${target} PRIVATE ${exported})
  set_target_properties(${target} PROPERTIES PCH_WARN_INVALID OFF)
  set_target_properties(${target} cardea_stack PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)

  set(taken_back "")
  foreach(name IN LISTS private_classes)
    # The wildcards stand for blanks as well, which only literal patterns may contain.
    foreach(pattern cardea::*detail::${name}::* typeinfo*cardea::*detail::${name} vtable*cardea::*detail::${name})
      string(APPEND taken_back "      ${pattern};\n")
    endforeach()
  endforeach()
  set(map ${CMAKE_CURRENT_BINARY_DIR}/cardea.map)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/cardea.map.in ${map} @ONLY)
  target_link_options(${target} PRIVATE LINKER:--version-script=${map} LINKER:--no-undefined)
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${map})
endfunction()
