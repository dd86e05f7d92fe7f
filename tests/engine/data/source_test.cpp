#include "engine/data/source.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "engine/data/load_test.h"
#include "engine/data/load_training.h"
#include "kernels/parallel.h"
#include "tests/engine/io/temporary_folder.h"

using namespace nascent;
using namespace nascent::test;

TEST_CASE("source: what is no data set says what to do", "[source]") {
  TemporaryFolder folder;
  check_message(message_of<FileError>([&] { load_training(folder / "no"); }), folder / "no", "no such folder");
  check_message(message_of<DataError>([&] { load_training(folder.path()); }), folder.path(),
                "no training images found");
  const auto file = folder.write("file", "x");
  check_message(message_of<DataError>([&] { load_training(file); }), file, "expected a folder");
  for (const char* bad : {"synthetic:", "synthetic:3x32", "synthetic:3x32x32x1", "synthetic:0x32x32", "synthetic:1x7x8",
                          "synthetic:-1x32x32", "synthetic:1x9999x8"})
    CHECK_THROWS_AS(load_training(bad), UsageError);
}

TEST_CASE("limit: takes that many, chosen by seed, each with its own label", "[source]") {
  const Dataset all = load_training("synthetic:1x8x8").data;
  const Dataset some = load_training("synthetic:1x8x8", {.limit = 100, .seed = 1}).data;
  CHECK(some.size() == 100);
  CHECK(some.pixels.size() == static_cast<std::size_t>(100 * all.image_bytes()));
  std::int64_t at = 0;
  for (std::int64_t i = 0; i < some.size(); ++i, ++at) {
    while (at < all.size() && !std::ranges::equal(all.image(at), some.image(i))) ++at;
    REQUIRE(at < all.size());
    CHECK(all.labels[static_cast<std::size_t>(at)] == some.labels[static_cast<std::size_t>(i)]);
  }
  CHECK(load_training("synthetic:1x8x8", {.limit = 100, .seed = 1}).data.pixels == some.pixels);
  CHECK(load_training("synthetic:1x8x8", {.limit = 100, .seed = 2}).data.pixels != some.pixels);
  CHECK(load_training("synthetic:1x8x8", {.limit = 1'000'000}).data.size() == all.size());
  CHECK_THROWS_AS(load_training("synthetic:1x8x8", {.limit = -1}), UsageError);
}

TEST_CASE("synthetic: any size, balanced classes, other images in the test split", "[synthetic]") {
  const Dataset train = load_training("synthetic:3x27x29").data, test = load_test("synthetic:3x27x29").data;
  CHECK((train.channels == 3 && train.height == 27 && train.width == 29 && train.classes == 10));
  CHECK(train.class_names.size() == 10);
  CHECK(train.size() == 10000);
  CHECK(test.size() == 2000);
  for (int label = 0; label < 10; ++label) CHECK(std::ranges::count(train.labels, label) == 1000);
  std::set<std::string> seen;
  for (const Dataset* data : {&train, &test})
    for (std::int64_t i = 0; i < data->size(); ++i) seen.emplace(data->image(i).begin(), data->image(i).end());
  CHECK(seen.size() == 12000);
}

TEST_CASE("synthetic: the same pixels for any number of threads", "[synthetic]") {
  kernels::set_threads(1);
  const auto one = draw_synthetic({.images = 50}).pixels;
  kernels::set_threads(3);
  const auto three = draw_synthetic({.images = 50}).pixels;
  kernels::set_threads(0);
  CHECK(one == three);
}
