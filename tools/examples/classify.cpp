// Classifies one picture: the smallest program that uses Keel.
//
//   classify MODEL.onnx PIXELS.pgm     a binary grey PGM, 8 bits a pixel
#include <keel/keel.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>

namespace {

// [1, 1, height, width] with values from 0 to 1.
keel::Tensor read_pgm(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string magic;
  int width = 0, height = 0, largest = 0;
  if (!(file >> magic >> width >> height >> largest) || magic != "P5" || largest != 255)
    throw std::runtime_error("'" + path + "' is not a binary 8-bit PGM");
  file.get();  // the one white space before the pixels
  keel::Tensor image(keel::DataType::Float, {1, 1, height, width});
  for (std::int64_t i = 0; i < image.size(); ++i)
    image.data_as<float>()[i] = static_cast<float>(file.get()) / 255.0f;
  if (!file) throw std::runtime_error("'" + path + "' ends too early");
  return image;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: classify MODEL.onnx PIXELS.pgm\n";
    return 2;
  }
  try {
    const keel::Model model = keel::Model::load(argv[1]);
    const std::string input(model.inputs()[0].name), output(model.outputs()[0].name);
    const keel::Tensor scores = model.run({{input, read_pgm(argv[2])}}).at(output);
    const float* begin = scores.data_as<float>();
    std::cout << std::max_element(begin, begin + scores.size()) - begin << '\n';
  } catch (const keel::Error& error) {
    std::cerr << "classify: " << error.what() << '\n';
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::cerr << "classify: " << error.what() << '\n';
    return 1;
  }
}
