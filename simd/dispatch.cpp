#include "simd/dispatch.h"

#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "simd/bf16.h"

namespace keel::simd {

#define KEEL_SIMD_TARGET(name, flags)    \
  namespace name {                       \
  extern const KernelTable kernel_table; \
  }
#include KEEL_SIMD_TARGETS_INC
#undef KEEL_SIMD_TARGET

namespace {

// Of a feature: whether it can be used, and if not, who lacks it. The operating system must save
// its registers.
enum class Support { Usable, NotInCpu, NotSaved };

#if defined(__x86_64__)
enum Register { kEax, kEbx, kEcx, kEdx };

// A compiler flag, the CPUID bit that says the CPU has it, and the register state (XCR0) that the
// operating system must save for it to be usable.
struct Feature {
  const char* flag;
  unsigned leaf, subleaf;
  Register reg;
  unsigned bit;
  std::uint64_t xcr0;
};
constexpr std::uint64_t kXmm = 0x2, kYmm = 0x6, kZmm = 0xe6, kTile = 0x60000;
constexpr Feature kFeatures[] = {
    {"-msse4.2", 1, 0, kEcx, 20, kXmm},    {"-mfma", 1, 0, kEcx, 12, kYmm},
    {"-mf16c", 1, 0, kEcx, 29, kYmm},      {"-mavx2", 7, 0, kEbx, 5, kYmm},
    {"-mavx512f", 7, 0, kEbx, 16, kZmm},   {"-mavx512dq", 7, 0, kEbx, 17, kZmm},
    {"-mavx512cd", 7, 0, kEbx, 28, kZmm},  {"-mavx512bw", 7, 0, kEbx, 30, kZmm},
    {"-mavx512vl", 7, 0, kEbx, 31, kZmm},  {"-mavx512vnni", 7, 0, kEcx, 11, kZmm},
    {"-mavx512bf16", 7, 1, kEax, 5, kZmm}, {"-mavxvnni", 7, 1, kEax, 4, kYmm},
    {"-mamx-bf16", 7, 0, kEdx, 22, kTile}, {"-mamx-tile", 7, 0, kEdx, 24, kTile},
    {"-mamx-int8", 7, 0, kEdx, 25, kTile},
};

// The state that the operating system saves; 0 where it saves none by XSAVE.
std::uint64_t read_xcr0() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  constexpr unsigned kOsxsave = 1u << 27;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & kOsxsave)) return 0;
  asm volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
  return (static_cast<std::uint64_t>(edx) << 32) | eax;
}

// Whether the process may use tiles. Linux gives leave to those that ask, once for all threads, as
// the state of a thread grows by 8 KB.
bool may_use_tiles() {
#if defined(__linux__) && defined(SYS_arch_prctl)
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM
  static const bool granted = syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return granted;
#else
  return false;
#endif
}

Support support_of(const std::string& flag) {
  for (const Feature& f : kFeatures) {
    if (flag != f.flag) continue;
    unsigned r[4] = {};
    if (!__get_cpuid_count(f.leaf, f.subleaf, &r[0], &r[1], &r[2], &r[3])) return Support::NotInCpu;
    if (!(r[f.reg] >> f.bit & 1)) return Support::NotInCpu;
    // XMM state is always there on x86-64, with or without XSAVE.
    const bool saved = f.xcr0 == kXmm || (read_xcr0() & f.xcr0) == f.xcr0;
    if (!saved || (f.xcr0 == kTile && !may_use_tiles())) return Support::NotSaved;
    return Support::Usable;
  }
  return Support::NotInCpu;  // a flag this table does not know: never claim it
}
#else
Support support_of(const std::string&) { return Support::NotInCpu; }
#endif

// The -m<feature> of a row's flags that cannot be used, by reason; "" where all can be.
// -m<option>=<value> demands nothing.
std::string missing_of(const char* flags) {
  std::istringstream words(flags);
  std::string flag, cpu, system;
  while (words >> flag) {
    if (flag.rfind("-m", 0) != 0 || flag.find('=') != std::string::npos) continue;
    const Support support = support_of(flag);
    if (support == Support::NotInCpu) cpu += " " + flag.substr(2);
    if (support == Support::NotSaved) system += " " + flag.substr(2);
  }
  if (!cpu.empty()) cpu = "CPU:" + cpu;
  if (!system.empty()) system = "operating system:" + system;
  return cpu + (cpu.empty() || system.empty() ? "" : "; ") + system;
}

// Every row, best first. A unit for products of bfloat16 must get a small product right before it
// is offered.
std::vector<InstructionSet> detect() {
  std::vector<InstructionSet> sets;
  const auto add = [&sets](const char* name, const char* flags, const KernelTable& table) {
    std::string missing = missing_of(flags);
    if (missing.empty() && table.bf16->unit != nullptr && !bf16_works(*table.bf16))
      missing = std::string("right results of ") + table.bf16->unit;
    sets.push_back({name, missing.empty() ? &table : nullptr, missing});
  };
#define KEEL_SIMD_TARGET(name, flags) add(#name, flags, name::kernel_table);
#include KEEL_SIMD_TARGETS_INC
#undef KEEL_SIMD_TARGET
  return sets;
}

bool is_auto(const char* isa) { return !isa || !*isa || std::string(isa) == "auto"; }

}  // namespace

const std::vector<InstructionSet>& instruction_sets() {
  static const std::vector<InstructionSet> sets = detect();
  return sets;
}

const std::vector<const KernelTable*>& available() {
  static const std::vector<const KernelTable*> tables = [] {
    std::vector<const KernelTable*> usable;
    for (const InstructionSet& set : instruction_sets())
      if (set.table != nullptr) usable.push_back(set.table);
    return usable;
  }();
  return tables;
}

const KernelTable& select(const char* isa) {
  const char* source = "";
  if (is_auto(isa)) {
    isa = std::getenv("KEEL_ISA");
    source = " (from KEEL_ISA)";
  }
  if (is_auto(isa)) return *available().front();
  std::string names;
  for (const KernelTable* table : available()) {
    if (std::string(isa) == table->isa) return *table;
    names += std::string(" ") + table->isa;
  }
  const char* why = "no such instruction set";
  for (const InstructionSet& set : instruction_sets())
    if (std::string(isa) == set.name) why = "this CPU lacks the instruction set";
  throw std::invalid_argument(std::string(why) + source + ": '" + isa + "'; available:" + names);
}

}  // namespace keel::simd
