# Compiles through ccache where it is installed; nothing needs it.
if(PROJECT_IS_TOP_LEVEL AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(CARDEA_CCACHE ccache)
  mark_as_advanced(CARDEA_CCACHE)
  if(CARDEA_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CARDEA_CCACHE})
  endif()
endif()
