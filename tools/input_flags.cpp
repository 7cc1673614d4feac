#include "tools/input_flags.h"

#include <algorithm>
#include <cstdio>
#include <random>

#include "runtime/error.h"
#include "runtime/tensor.h"
#include "tools/engine_flags.h"
#include "tools/input_file.h"

namespace keel::tools {
namespace {

const ValueInfo& find_input(const Model& model, const std::string& name, const char* flag) {
  std::string known;
  for (const ValueInfo& info : model.inputs()) {
    if (info.name == name) return info;
    known += (known.empty() ? "'" : ", '") + printable(info.name) + "'";
  }
  throw Error(ErrorCode::BadInput, str(flag, ": the model has no input '", printable(name),
                                       "'; it has ", known.empty() ? "none" : known));
}

// NAME and what follows the last colon: names may hold colons themselves.
std::pair<std::string, std::string> split_last_colon(const std::string& text, const char* flag) {
  const std::size_t at = text.rfind(':');
  if (at == std::string::npos || at == 0)
    throw Error(ErrorCode::Usage, str(flag, ": expected NAME:VALUE, got '", printable(text), "'"));
  return {text.substr(0, at), text.substr(at + 1)};
}

struct Range {
  double low = 0, high = 1;
};

Range parse_range(const std::string& text) {
  const std::size_t dots = text.find("..");
  Range range;
  char *low_end = nullptr, *high_end = nullptr;
  if (dots != std::string::npos) {
    range.low = std::strtod(text.c_str(), &low_end);
    range.high = std::strtod(text.c_str() + dots + 2, &high_end);
  }
  if (dots == std::string::npos || low_end != text.c_str() + dots || *high_end != '\0' ||
      !(range.low <= range.high))
    throw Error(ErrorCode::Usage,
                "--range: expected NAME:LOW..HIGH, got '" + printable(text) + "'");
  return range;
}

template <typename T>
void fill(Tensor& tensor, const Range& range, std::mt19937_64& random) {
  std::uniform_real_distribution<double> uniform(range.low, range.high);
  T* data = tensor.data_as<T>();
  for (std::int64_t i = 0; i < tensor.size(); ++i) data[i] = static_cast<T>(uniform(random));
}

void fill_random(Tensor& tensor, const std::string& name, const Range& range,
                 std::mt19937_64& random) {
  switch (tensor.type()) {
    case DataType::Float:
      return fill<float>(tensor, range, random);
    case DataType::Double:
      return fill<double>(tensor, range, random);
    case DataType::Int64:
      return fill<std::int64_t>(tensor, range, random);
    case DataType::Int32:
      return fill<std::int32_t>(tensor, range, random);
    case DataType::Int16:
      return fill<std::int16_t>(tensor, range, random);
    case DataType::Uint16:
      return fill<std::uint16_t>(tensor, range, random);
    case DataType::Uint8:
      return fill<std::uint8_t>(tensor, range, random);
    case DataType::Int8:
      return fill<std::int8_t>(tensor, range, random);
    case DataType::Bool:
      return fill<bool>(tensor, {0, 1.999}, random);
    default:
      throw Error(ErrorCode::BadInput,
                  str("input '", printable(name), "': no random values for type ",
                      data_type_name(tensor.type()), "; give a file with -i"));
  }
}

}  // namespace

Shape parse_shape(const std::string& text) {
  std::string numbers = text;
  if (numbers.size() >= 2 && numbers.front() == '[' && numbers.back() == ']')
    numbers = numbers.substr(1, numbers.size() - 2);
  Shape shape;
  for (std::size_t begin = 0; !numbers.empty() && begin <= numbers.size();) {
    const std::size_t end = std::min(numbers.find_first_of(",x", begin), numbers.size());
    std::string number = numbers.substr(begin, end - begin);
    number.erase(0, number.find_first_not_of(' '));
    shape.push_back(parse_integer(number, "--shape"));
    if (shape.back() < 0)
      throw Error(ErrorCode::Usage,
                  "--shape: expected sizes of 0 or more, got '" + printable(text) + "'");
    begin = end + 1;
  }
  return shape;
}

void InputFlags::add_to(CLI::App& command) {
  const auto one = [&](const char* name, std::vector<std::string>& to, const char* help) {
    command.add_option(name, to, help)->allow_extra_args(false);
  };
  one("-i,--input", inputs, "NAME=FILE (.npy .npz .pb .png .jpg .ppm .raw) or a folder");
  one("--shape", shapes, "Shape of a random input: NAME:1,3,224,224");
  one("--range", ranges, "Range of a random input: NAME:0..1");
  command.add_option("--seed", seed, "Seed of random inputs")->capture_default_str();
  command.add_option("--mean", mean, "Subtracted from images, by channel")->delimiter(',');
  command.add_option("--scale", scale, "Images are multiplied by it, by channel; default 1/255")
      ->delimiter(',');
  command.add_option("--layout", layout, "Layout of images in the model")
      ->check(CLI::IsMember({"nchw", "nhwc"}))
      ->capture_default_str();
}

NamedTensors InputFlags::random_tensors(const Model& model, std::uint64_t seed_now) const {
  NamedTensors tensors;
  std::mt19937_64 random(seed_now);
  for (const ValueInfo& info : model.inputs()) {
    const std::string name(info.name);
    Shape shape;
    bool given = false;
    for (const std::string& text : shapes) {
      const auto [target, value] = split_last_colon(text, "--shape");
      find_input(model, target, "--shape");
      if (target != name) continue;
      shape = parse_shape(value);
      given = true;
    }
    if (!given && !info.ranked)
      throw Error(ErrorCode::BadInput, "input '" + printable(name) +
                                           "': the model gives no shape; "
                                           "use --shape");
    // A symbolic dimension without --dim is 1: the usual batch.
    for (const Dimension& dim : info.dims)
      if (!given) shape.push_back(dim.size >= 0 ? dim.size : 1);
    Range range;
    for (const std::string& text : ranges) {
      const auto [target, value] = split_last_colon(text, "--range");
      find_input(model, target, "--range");
      if (target == name) range = parse_range(value);
    }
    Tensor tensor(info.type, shape);
    fill_random(tensor, name, range, random);
    tensors[name] = tensor;
  }
  return tensors;
}

NamedTensors InputFlags::tensors(const Model& model, bool quiet) const {
  NamedTensors given;
  for (const std::string& text : inputs) {
    std::string name, path;
    if (text.find('=') == std::string::npos && model.inputs().size() == 1) {
      name = model.inputs()[0].name;
      path = text;
    } else {
      std::tie(name, path) = parse_assignment(text, "-i");
    }
    const ValueInfo& info = find_input(model, name, "-i");
    if (given.count(name) != 0)
      throw Error(ErrorCode::Usage, "-i: input '" + printable(name) + "' is given twice");
    given[name] = read_input_file(path, info, {mean, scale, layout == "nhwc"});
  }
  if (given.size() == model.inputs().size()) return given;
  NamedTensors all = random_tensors(model, seed);
  std::string made;
  for (auto& [name, tensor] : all) {
    if (const auto it = given.find(name); it != given.end())
      tensor = it->second;
    else
      made += (made.empty() ? "'" : ", '") + printable(name) + "' " + to_string(tensor.shape());
  }
  if (!quiet)
    std::fprintf(stderr, "keel: random values for %s, seed %llu\n", made.c_str(),
                 static_cast<unsigned long long>(seed));
  return all;
}

}  // namespace keel::tools
