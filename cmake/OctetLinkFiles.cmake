# What compiled programs are linked with, put into lib/ARCHITECTURE: start-up
# objects, libgcc, libdeflate, and stubs of the C library. With them beside it, the
# driver needs no compiler, linker or C library where it runs.

set(OCTET_LINK_FILES Scrt1.o crti.o crtn.o crtbeginS.o crtendS.o libgcc.a
  libdeflate.a libc_nonshared.a)
set(OCTET_LINK_STUBS libc.so.6 libm.so.6)
set(OCTET_LOADER_x86_64 ld-linux-x86-64.so.2)
set(OCTET_LOADER_aarch64 ld-linux-aarch64.so.1)

# Where the compiler finds `file` for `architecture`.
function(octet_find_link_file architecture file result)
  execute_process(COMMAND ${CMAKE_C_COMPILER} --target=${architecture}-linux-gnu
    -print-file-name=${file} OUTPUT_VARIABLE path OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT IS_ABSOLUTE "${path}" AND
     EXISTS /lib/${architecture}-linux-gnu/${file})
    set(path /lib/${architecture}-linux-gnu/${file})
  endif()
  if(NOT EXISTS "${path}")
    message(FATAL_ERROR "${file} for ${architecture} is missing: scripts/setup "
      "installs it")
  endif()
  set(${result} ${path} PARENT_SCOPE)
endfunction()

# octet_add_link_files(ARCHITECTURE): a target OctetLinkFiles-ARCHITECTURE.
function(octet_add_link_files architecture)
  set(folder ${PROJECT_BINARY_DIR}/lib/${architecture})
  set(written)
  foreach(file ${OCTET_LINK_FILES})
    octet_find_link_file(${architecture} ${file} found)
    add_custom_command(OUTPUT ${folder}/${file}
      COMMAND ${CMAKE_COMMAND} -E copy ${found} ${folder}/${file}
      DEPENDS ${found})
    list(APPEND written ${folder}/${file})
  endforeach()
  foreach(library ${OCTET_LINK_STUBS} ${OCTET_LOADER_${architecture}})
    octet_find_link_file(${architecture} ${library} found)
    add_custom_command(OUTPUT ${folder}/${library}
      COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/cmake/make_stub.py ${found}
        ${folder}/${library} ${LLVM_TOOLS_BINARY_DIR} ${architecture}
      DEPENDS ${found} ${PROJECT_SOURCE_DIR}/cmake/make_stub.py
      COMMENT "Writing a stub of ${library} for ${architecture}")
    list(APPEND written ${folder}/${library})
  endforeach()
  add_custom_target(OctetLinkFiles-${architecture} ALL DEPENDS ${written})
  # OctetProgramParts is for tests.
  foreach(library OctetRuntime OctetHarness OctetProgram)
    list(APPEND written ${folder}/lib${library}.a)
  endforeach()
  install(FILES ${written} DESTINATION ${OCTET_DESTINATION}lib/${architecture}
    COMPONENT octet)
endfunction()
