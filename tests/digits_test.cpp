// The classifier that the project trained, on the pictures it never saw.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "loaders/files/image.h"
#include "runtime/keel.h"

namespace keel::test {
namespace {

namespace fs = std::filesystem;

int predicted(const Model& model, const std::string& path) {
  ImageForm form;
  form.channels = 1;
  const Tensor logits = model.run({{"image", image_tensor(read_image(path), form)}}).at("logits");
  const float* begin = logits.data_as<float>();
  return static_cast<int>(std::max_element(begin, begin + logits.size()) - begin);
}

TEST(Digits, HeldOutImagesAreRecognised) {
  const fs::path models = fs::path(KEEL_SOURCE_DIR) / "models";
  const Model model = Model::load((models / "digits.onnx").string());
  int images = 0, right = 0;
  for (const auto& entry : fs::directory_iterator(models / "digits")) {
    // 0007_label3.png
    const std::string stem = entry.path().stem().string();
    const std::size_t label = stem.find("_label");
    if (entry.path().extension() != ".png" || label == std::string::npos) continue;
    ++images;
    right += predicted(model, entry.path().string()) == stem.back() - '0';
  }
  EXPECT_GE(images, 200);
  EXPECT_GE(right * 100, images * 98) << right << " of " << images;
  EXPECT_EQ(predicted(model, (models / "digits" / "seven.png").string()), 7);
}

}  // namespace
}  // namespace keel::test
