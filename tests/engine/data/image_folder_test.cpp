#include "engine/data/image_folder.h"

#include <catch2/catch.hpp>

#include "engine/data/load_test.h"
#include "engine/data/load_training.h"
#include "engine/io/image.h"
#include "tests/engine/io/temporary_folder.h"

using namespace nascent;
using namespace nascent::test;

namespace {

std::string png(int height, int width, int channels, std::uint8_t value) {
  const auto count = static_cast<std::size_t>(height * width * channels);
  return encode_png({width, height, channels, std::vector<std::uint8_t>(count, value)});
}

}  // namespace

TEST_CASE("image_folder: train and test folders, classes and files in byte order", "[image_folder]") {
  TemporaryFolder folder;
  folder.write("train/dog/b.png", png(2, 3, 1, 20));
  folder.write("train/dog/a.png", png(2, 3, 1, 10));
  folder.write("train/Cat/x.pgm", "P5 3 2 255\n\x1e\x1e\x1e\x1e\x1e\x1e");
  folder.write("train/.hidden/x", "no image");
  folder.write("train/dog/.DS_Store", "no image");
  folder.write("test/dog/a.png", png(2, 3, 1, 40));
  folder.write("test/Cat/a.png", png(2, 3, 1, 50));
  const Dataset train = load_training(folder.path()).data, test = load_test(folder.path()).data;
  CHECK(train.class_names == std::vector<std::string>{"Cat", "dog"});
  CHECK(train.labels == std::vector<std::int32_t>{0, 1, 1});
  CHECK((train.height == 2 && train.width == 3 && train.channels == 1));
  CHECK((train.image(0)[5] == 30 && train.image(1)[0] == 10 && train.image(2)[0] == 20));
  CHECK(test.labels == std::vector<std::int32_t>{0, 1});
  CHECK(test.image(0)[0] == 50);
}

TEST_CASE("image_folder: classes without a split are training images only", "[image_folder]") {
  TemporaryFolder folder;
  folder.write("a/1.png", png(4, 4, 3, 1));
  folder.write("b/1.png", png(4, 4, 3, 2));
  CHECK(load_training(folder.path()).data.channels == 3);
  check_message(message_of<DataError>([&] { load_test(folder.path()); }), folder.path(), "no test images found");
}

TEST_CASE("image_folder: what does not fit is refused with the reason", "[image_folder]") {
  TemporaryFolder folder;
  folder.write("train/a/1.png", png(4, 5, 1, 1));
  folder.write("train/b/1.png", png(4, 5, 1, 2));
  REQUIRE(load_training(folder.path()).data.size() == 2);
  const auto refused = [&](const std::string& name, const std::string& bytes, const std::string& reason) {
    const auto path = folder.write(name, bytes);
    check_message(message_of<DataError>([&] { load_training(folder.path()); }), path, reason);
    std::filesystem::remove(path);
  };
  refused("train/b/2.png", png(5, 4, 1, 2), "is 1x5x4, the images before it are 1x4x5");
  refused("train/b/2.png", png(4, 5, 3, 2), "is 3x4x5");
  refused("train/b/2.png", "", "file is empty");
  refused("train/b/2.png", "<html>", "not a PNG, PGM or PPM");
  refused("train/b/2.png", png(4, 5, 1, 2).substr(0, 50), "Is the file whole?");
  refused("train/b/notes.txt", "x", "not a .png");
  std::filesystem::create_directory(folder / "train/c");
  check_message(message_of<DataError>([&] { load_training(folder.path()); }), folder / "train/c",
                "no images in this class");
  std::filesystem::remove(folder / "train/c");
  folder.write("test/other/1.png", png(4, 5, 1, 2));
  check_message(message_of<DataError>([&] { load_test(folder.path()); }), folder / "test/other",
                "no class 'other' among the training images");
}

TEST_CASE("image_folder: a test folder alone is no training data", "[image_folder]") {
  TemporaryFolder folder;
  folder.write("test/a/1.png", png(4, 5, 1, 1));
  check_message(message_of<DataError>([&] { load_training(folder.path()); }), folder.path(),
                "no training images found");
}

TEST_CASE("image_folder: training opens no test image", "[image_folder]") {
  TemporaryFolder folder;
  folder.write("train/a/1.png", png(4, 5, 1, 1));
  folder.write("test/a/1.png", "damaged");
  CHECK(load_training(folder.path()).data.size() == 1);
  CHECK_THROWS_AS(load_test(folder.path()), DataError);
}
