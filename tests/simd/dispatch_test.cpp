#include "simd/dispatch.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <stdexcept>
#include <string>

#include "tests/simd/kernel_test.h"

namespace keel::simd {
namespace {

// KEEL_ISA for the life of one scope.
class IsaVariable {
 public:
  explicit IsaVariable(const char* value) {
    if (const char* old = std::getenv("KEEL_ISA")) old_ = old, had_ = true;
    value ? setenv("KEEL_ISA", value, 1) : unsetenv("KEEL_ISA");
  }
  ~IsaVariable() { had_ ? setenv("KEEL_ISA", old_.c_str(), 1) : unsetenv("KEEL_ISA"); }
  IsaVariable(const IsaVariable&) = delete;
  IsaVariable& operator=(const IsaVariable&) = delete;

 private:
  std::string old_;
  bool had_ = false;
};

std::string refusal(const char* isa) {
  try {
    select(isa);
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "";
}

TEST(Dispatch, ScalarIsAlwaysThereAndLast) {
  ASSERT_FALSE(available().empty());
  EXPECT_STREQ(available().back()->isa, "scalar");
}

TEST(Dispatch, NamesAreUniqueAndSelectable) {
  std::set<std::string> names;
  for (const KernelTable* table : available()) {
    EXPECT_TRUE(names.insert(table->isa).second) << table->isa;
    EXPECT_EQ(&select(table->isa), table);
  }
}

TEST(Dispatch, EveryInstructionSetIsUsableOrSaysWhatIsMissing) {
  std::vector<const KernelTable*> usable;
  for (const InstructionSet& set : instruction_sets()) {
    EXPECT_EQ(set.table == nullptr, !set.missing.empty()) << set.name << ": " << set.missing;
    if (set.table == nullptr) continue;
    EXPECT_STREQ(set.table->isa, set.name);
    usable.push_back(set.table);
  }
  EXPECT_EQ(usable, available());
}

TEST(Dispatch, EveryFamilyIsThere) {
  for (const KernelTable* table : available()) {
#define KEEL_FAMILY(Type, name) EXPECT_NE(table->name, nullptr) << table->isa << " " #name;
#include "simd/families.inc"
#undef KEEL_FAMILY
  }
}

// What the compiler finds at hand for this machine must agree with our own reading of CPUID.
#if defined(__x86_64__)
TEST(Dispatch, AgreesWithTheCompilersRuntime) {
  std::set<std::string> names;
  for (const KernelTable* table : available()) names.insert(table->isa);
  __builtin_cpu_init();
  EXPECT_EQ(names.count("sse4"), __builtin_cpu_supports("sse4.2") ? 1u : 0u);
  EXPECT_EQ(names.count("avx2"),
            __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 1u : 0u);
  EXPECT_EQ(names.count("avx512"),
            __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") ? 1u : 0u);
}
#endif

TEST(Dispatch, AutoIsTheBest) {
  const IsaVariable unset(nullptr);
  EXPECT_EQ(&select(nullptr), available().front());
  EXPECT_EQ(&select(""), available().front());
  EXPECT_EQ(&select("auto"), available().front());
}

TEST(Dispatch, TheEnvironmentDecidesAuto) {
  const IsaVariable scalar("scalar");
  EXPECT_STREQ(select(nullptr).isa, "scalar");
  EXPECT_STREQ(select("auto").isa, "scalar");
  EXPECT_EQ(&select(available().front()->isa), available().front()) << "an explicit name wins";
}

TEST(Dispatch, UnknownNamesAreRefusedWithTheList) {
  EXPECT_NE(refusal("avx9000").find("avx9000"), std::string::npos);
  EXPECT_NE(refusal("avx9000").find("scalar"), std::string::npos);
  const IsaVariable wrong("neon9");
  EXPECT_NE(refusal("auto").find("KEEL_ISA"), std::string::npos);
}

}  // namespace
}  // namespace keel::simd
