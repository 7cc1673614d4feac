// fold_fixtures [--random COUNT] DIR: writes every fixture of tests/folding as DIR/NAME.onnx, with
// inputs as DIR/NAME/INPUT.pb and what is expected of it as DIR/NAME.json; DIR/index.json lists the
// names. With --random it writes the first COUNT random networks of the tests instead, of which
// nothing is expected but that folding keeps their outputs.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/folding/fixtures.h"
#include "tests/folding/random_network.h"

namespace {

using Json = nlohmann::ordered_json;
using Inputs = std::map<std::string, keel::Tensor>;

void write(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

Json inputs_json(const Inputs& inputs) {
  Json json = Json::object();
  for (const auto& [name, tensor] : inputs)
    json[name] = {{"type", keel::data_type_name(tensor.type())}, {"shape", tensor.shape()}};
  return json;
}

Json expectation(const keel::test::FoldFixture& fixture) {
  Json records = Json::array();
  for (const auto& record : fixture.records)
    records.push_back({{"name", record.name}, {"status", record.status}, {"code", record.code}});
  return {{"schema", "keel.fold_fixture/1"},
          {"name", fixture.name},
          {"about", fixture.about},
          {"runnable", fixture.runnable},
          {"foreign", fixture.foreign},
          {"tolerance", fixture.tolerance},
          {"inputs", inputs_json(fixture.inputs)},
          {"records", records},
          {"batchnorm_after", fixture.batchnorm_after}};
}

void write_one(const std::filesystem::path& folder, const std::string& name,
               const std::string& model, const Inputs& inputs, const Json& about) {
  std::filesystem::create_directories(folder / name);
  write(folder / (name + ".onnx"), model);
  write(folder / (name + ".json"), about.dump(2) + "\n");
  for (const auto& [input, tensor] : inputs)
    write(folder / name / (input + ".pb"), keel::test::tensor_bytes(tensor, input));
}

Json write_fixtures(const std::filesystem::path& folder) {
  Json index = Json::array();
  for (const keel::test::FoldFixture& fixture : keel::test::fold_fixtures()) {
    write_one(folder, fixture.name, fixture.model.onnx(), fixture.inputs, expectation(fixture));
    index.push_back(fixture.name);
  }
  return index;
}

Json write_random(const std::filesystem::path& folder, std::uint64_t count) {
  Json index = Json::array();
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    const keel::test::RandomNetwork network = keel::test::random_network(seed);
    const std::string name = "random_" + std::to_string(seed);
    const Json about = {{"schema", "keel.fold_fixture/1"},
                        {"name", name},
                        {"about", "random, operator set " + std::to_string(network.opset)},
                        {"runnable", true},
                        {"foreign", false},
                        {"tolerance", 1e-6},
                        {"inputs", inputs_json(network.inputs)}};
    write_one(folder, name, network.model.onnx(), network.inputs, about);
    index.push_back(name);
  }
  return index;
}

}  // namespace

int main(int argc, char** argv) {
  const bool random = argc == 4 && std::strcmp(argv[1], "--random") == 0;
  if (argc != 2 && !random) {
    std::fprintf(stderr, "usage: fold_fixtures [--random COUNT] DIR\n");
    return 2;
  }
  try {
    const std::filesystem::path folder = argv[argc - 1];
    std::filesystem::create_directories(folder);
    const Json index =
        random ? write_random(folder, std::strtoull(argv[2], nullptr, 10)) : write_fixtures(folder);
    write(folder / "index.json", index.dump(2) + "\n");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fold_fixtures: %s\n", error.what());
    return 1;
  }
  return 0;
}
