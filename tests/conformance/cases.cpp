#include "tests/conformance/cases.h"

#include <algorithm>

#include "tests/conformance/proto.h"

namespace keel::conformance {
namespace fs = std::filesystem;

const std::vector<std::string> kCategories = {"node", "simple", "pytorch-converted",
                                              "pytorch-operator", "light"};

namespace {

bool starts_with(const std::string& text, const std::string& prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

// ONNX's list gives densenet121 twice the usual tolerance.
test::Tolerance light_tolerance(const std::string& name) {
  return name == "light_densenet121" ? test::Tolerance{2e-3, 1e-7} : test::Tolerance{};
}

std::vector<fs::path> numbered(const fs::path& prefix) {
  std::vector<fs::path> out;
  for (int k = 0;; ++k) {
    const fs::path path = prefix.string() + std::to_string(k) + ".pb";
    if (!fs::exists(path)) return out;
    out.push_back(path);
  }
}

std::vector<Tensor> load_all(const fs::path& prefix) {
  std::vector<Tensor> out;
  for (const fs::path& path : numbered(prefix)) out.push_back(parse_tensor(read_file(path)));
  return out;
}

// ONNX 1.12 wrote bfloat16 as the uint16 of the same bits.
void restore_type(std::vector<Tensor>& tensors, const std::vector<Declared>& declared) {
  for (std::size_t i = 0; i < tensors.size() && i < declared.size(); ++i)
    if (declared[i].type == DataType::BFloat16 && tensors[i].type() == DataType::Uint16) {
      Tensor restored(DataType::BFloat16, tensors[i].shape());
      std::copy_n(tensors[i].data_as<std::uint16_t>(), restored.size(),
                  restored.data_as<std::uint16_t>());
      tensors[i] = restored;
    }
}

Tensor counting(const Declared& declared) {
  Tensor out(DataType::Float, declared.dims);
  const auto n = static_cast<double>(out.size());
  for (std::int64_t i = 0; i < out.size(); ++i)
    out.data_as<float>()[i] = static_cast<float>(static_cast<double>(i) / n);
  return out;
}

}  // namespace

std::vector<Case> find_cases(const fs::path& root) {
  std::vector<Case> out;
  for (const std::string& category : kCategories) {
    if (!fs::is_directory(root / category)) continue;
    for (const fs::directory_entry& entry : fs::directory_iterator(root / category)) {
      Case c{category, entry.path().filename().string(), entry.path(), {}, {}};
      if (category == "light") {
        if (entry.path().extension() != ".onnx") continue;
        c.name = entry.path().stem().string();
        c.tolerance = light_tolerance(c.name);
      } else {
        c.model = entry.path() / "model.onnx";
        if (!fs::exists(c.model)) continue;
        for (const fs::directory_entry& set : fs::directory_iterator(entry.path()))
          if (starts_with(set.path().filename().string(), "test_data_set_"))
            c.data_sets.push_back(set.path());
        std::sort(c.data_sets.begin(), c.data_sets.end());
      }
      out.push_back(c);
    }
  }
  std::sort(out.begin(), out.end(), [](const Case& a, const Case& b) { return a.id() < b.id(); });
  return out;
}

std::vector<DataSet> load_data_sets(const Case& c, const Outline& outline) {
  std::vector<DataSet> out;
  for (const fs::path& path : c.data_sets) {
    DataSet set{load_all(path / "input_"), load_all(path / "output_")};
    restore_type(set.inputs, outline.inputs);
    restore_type(set.outputs, outline.outputs);
    out.push_back(set);
  }
  if (c.category != "light") return out;
  DataSet set;
  for (const Declared& input : outline.inputs) set.inputs.push_back(counting(input));
  set.outputs = load_all(c.model.parent_path() / (c.name + "_output_"));
  return {set};
}

}  // namespace keel::conformance
