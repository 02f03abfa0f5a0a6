# Warnings and sanitizers, the same for every target of the project: cardea_strict(target).
function(cardea_strict target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
                                           -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual)
  # g++ 12 sees overlapping copies in std::string's operator+ that are not there (GCC bug 105651).
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE -Wno-restrict)
  endif()
  if(CARDEA_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

if(CARDEA_SANITIZE)
  add_compile_options(-fsanitize=${CARDEA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CARDEA_SANITIZE})
endif()
