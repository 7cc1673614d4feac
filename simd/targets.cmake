# THE list of instruction sets, best first. One row each:
#
#   name | xsimd architecture ("-": none, the plain struct of vec_scalar.h) | compiler flags
#        | base | families
#
# A kernel is a file simd/kernels/<family>.cpp, written once against simd/kernel.h. It is compiled
# once per row into the namespace keel::simd::<name>. The flags double as the demands on the CPU:
# dispatch.cpp looks every -m<feature> up in CPUID, so a row is all that a new instruction set takes.
#
# A row that names a base, a row below it, compiles only the families it lists; its table takes all
# others from there.
#
# The plain loops serve CPUs from before 2008 only; -O3 would make twice as much code of them.
set(KEEL_AVX512_FLAGS "-mavx2 -mfma -mf16c -mavx512f -mavx512cd -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512")
set(KEEL_SIMD_TARGETS
  "amx|xsimd::avx512bw|${KEEL_AVX512_FLAGS} -mavx512bf16 -mamx-tile -mamx-bf16|avx512|bf16"
  "avx512_bf16|xsimd::avx512bw|${KEEL_AVX512_FLAGS} -mavx512bf16|avx512|bf16 bf16_attention"
  "avx512|xsimd::avx512bw|${KEEL_AVX512_FLAGS}||"
  "avx2|xsimd::fma3<xsimd::avx2>|-mavx2 -mfma -mf16c||"
  "sse4|xsimd::sse4_2|-msse4.2||"
  "scalar|-|-O2||")

if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(KEEL_SIMD_TARGETS "scalar|-|||")
endif()

set(KEEL_SIMD_DIR ${CMAKE_CURRENT_LIST_DIR})

# Kernels are optimised in every build type: unoptimised, "always inlined" vector code is useless,
# and inline functions left out of line are the ODR trap that weak_symbols_test guards. No
# contraction: a kernel says fma() where it wants one, so all compilers round alike. No exceptions:
# their personality routine is a weak symbol too.
set(KEEL_SIMD_OPTIONS -O3 -ffp-contract=off -fno-math-errno -fno-exceptions -fvisibility=hidden)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # xsimd's templates over __m256; GCC 12's own _mm512_undefined_ps() (GCC bug 105593).
  list(APPEND KEEL_SIMD_OPTIONS -Wno-ignored-attributes -Wno-maybe-uninitialized
       -Wno-uninitialized)
endif()
if(KEEL_SANITIZE)
  # Kernels are unrolled, inlined code of which nearly every line is a load: instrumented in full,
  # one of them compiles for a quarter of an hour. AddressSanitizer checks their loads and stores
  # through calls and leaves their locals alone; UndefinedBehaviorSanitizer watches the code that
  # computes what kernels are given.
  list(APPEND KEEL_SIMD_OPTIONS -O1 -g1 -fno-sanitize=undefined
       -fno-sanitize-address-use-after-scope)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    list(APPEND KEEL_SIMD_OPTIONS --param=asan-instrumentation-with-call-threshold=0
         --param=asan-stack=0)
  endif()
endif()

# keel_add_simd(<target>): everything of simd/ becomes a source of <target>. Each kernel is reached
# through a generated one-line source per instruction set, so that the object files belong to
# <target> itself and can be passed on with $<TARGET_OBJECTS:…>. Source properties are per
# directory: call this where <target> is created.
function(keel_add_simd target)
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/generated/simd)
  file(GLOB kernels CONFIGURE_DEPENDS ${KEEL_SIMD_DIR}/kernels/*.cpp)
  file(GLOB sources CONFIGURE_DEPENDS ${KEEL_SIMD_DIR}/*.cpp)
  file(STRINGS ${KEEL_SIMD_DIR}/families.inc family_lines REGEX "^KEEL_FAMILY")
  set(list "")
  foreach(row IN LISTS KEEL_SIMD_TARGETS)
    string(REPLACE "|" ";" row "${row}")
    list(GET row 0 name)
    list(GET row 1 arch)
    list(GET row 2 flags)
    list(GET row 3 base)
    list(GET row 4 own)
    string(APPEND list "KEEL_SIMD_TARGET(${name}, \"${flags}\")\n")
    separate_arguments(flags)
    separate_arguments(own)
    set(definitions KEEL_TARGET=${name})
    if(NOT arch STREQUAL "-")
      list(APPEND definitions "KEEL_ARCH=${arch}")
    endif()
    if(base)
      list(APPEND definitions KEEL_BASE=${base})
    endif()
    set(own_lines "")
    foreach(kernel IN LISTS kernels)
      get_filename_component(family ${kernel} NAME_WE)
      if(base AND NOT family STREQUAL "table" AND NOT family IN_LIST own)
        continue()
      endif()
      set(source ${generated}/${name}/${family}.cpp)
      file(CONFIGURE OUTPUT ${source} CONTENT "#include \"simd/kernels/${family}.cpp\"\n" @ONLY)
      set_source_files_properties(${source} PROPERTIES
        COMPILE_OPTIONS "${KEEL_SIMD_OPTIONS};${flags}" COMPILE_DEFINITIONS "${definitions}")
      list(APPEND sources ${source})
      foreach(line IN LISTS family_lines)
        if(line MATCHES ", ${family}\\)")
          string(APPEND own_lines "${line}\n")
        endif()
      endforeach()
    endforeach()
    file(CONFIGURE OUTPUT ${generated}/${name}/own_families.inc CONTENT "${own_lines}" @ONLY)
    set_property(SOURCE ${generated}/${name}/table.cpp APPEND PROPERTY COMPILE_DEFINITIONS
      "KEEL_OWN_FAMILIES=\"${generated}/${name}/own_families.inc\"")
  endforeach()
  file(CONFIGURE OUTPUT ${generated}/targets.inc CONTENT "${list}" @ONLY)
  set_source_files_properties(${KEEL_SIMD_DIR}/dispatch.cpp PROPERTIES
    COMPILE_DEFINITIONS "KEEL_SIMD_TARGETS_INC=\"${generated}/targets.inc\"")
  target_sources(${target} PRIVATE ${sources})
  target_include_directories(${target} PRIVATE ${KEEL_SIMD_DIR}/..)
  target_link_libraries(${target} PRIVATE xsimd)
endfunction()

# keel_add_simd_tests(<target>): the tests that look at the object files of <target>.
function(keel_add_simd_tests target)
  add_test(NAME simd.weak_symbols
    COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} "-DOBJECTS=$<TARGET_OBJECTS:${target}>"
            "-DTARGETS=${KEEL_SIMD_TARGETS}" -P ${KEEL_SIMD_DIR}/../tests/simd/weak_symbols_test.cmake)
endfunction()
