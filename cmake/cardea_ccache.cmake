# Compiles through ccache where it is installed; nothing needs it. Paths below the source directory are relative to it, so
# that one clone profits from another. The sloppiness is what ccache(1) wants for precompiled headers.
if(PROJECT_IS_TOP_LEVEL AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(CARDEA_CCACHE ccache)
  mark_as_advanced(CARDEA_CCACHE)
  if(CARDEA_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
                                    CCACHE_SLOPPINESS=pch_defines,time_macros ${CARDEA_CCACHE})
  endif()
endif()
