#include "engine/data/batches.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <set>

#include "kernels/parallel.h"

using namespace nascent;

namespace {

// Pixel (y, x, c) of image i is a different number everywhere, never 0.
Dataset numbered(int images, int height, int width, int channels) {
  Dataset data{.name = "numbered",
               .channels = channels,
               .height = height,
               .width = width,
               .classes = 10,
               .class_names = {},
               .pixels = {},
               .labels = {}};
  for (int i = 0; i < images; ++i) {
    data.labels.push_back(i % 10);
    for (int k = 0; k < height * width * channels; ++k)
      data.pixels.push_back(static_cast<std::uint8_t>((i * 7 + k) % 255 + 1));
  }
  return data;
}

// 255 * (pixel/255 - 0) / 1 in double is the pixel again after rounding.
Normalization identity(int channels) {
  return {std::vector<float>(static_cast<std::size_t>(channels), 0.0f),
          std::vector<float>(static_cast<std::size_t>(channels), 1.0f)};
}

std::vector<std::uint32_t> first(std::uint32_t count) {
  std::vector<std::uint32_t> indices(count);
  std::iota(indices.begin(), indices.end(), 0u);
  return indices;
}

int pixel(const Batch& batch, std::int64_t index) { return static_cast<int>(batch.images.at(index) * 255 + 0.5); }

}  // namespace

TEST_CASE("measure: mean and deviation are those of the pixels", "[normalization]") {
  Dataset data{.name = "",
               .channels = 2,
               .height = 1,
               .width = 2,
               .classes = 1,
               .class_names = {},
               .pixels = {0, 9, 255, 9, 0, 9, 255, 9},
               .labels = {0, 0}};
  const Normalization n = measure(data);
  CHECK(n.mean == std::vector<float>{0.5f, static_cast<float>(9 / 255.0)});
  CHECK(n.deviation == std::vector<float>{0.5f, 1.0f});
  data.pixels.clear();
  CHECK_THROWS_AS(measure(data), ContractError);
}

TEST_CASE("make_batch: without augmentation every pixel is where it was, normalised", "[batches]") {
  const Dataset data = numbered(5, 3, 4, 2);
  const std::vector<std::uint32_t> indices{4, 0, 4};
  const Normalization n{{0.25f, 0.5f}, {0.5f, 2.0f}};
  const Batch batch = make_batch(data, indices, n, {}, {}, DType::f64);
  REQUIRE(batch.images.shape() == Shape{3, 3, 4, 2});
  CHECK(batch.labels == std::vector<std::int32_t>{4, 0, 4});
  const Batch single = make_batch(data, indices, n);
  for (std::int64_t i = 0; i < batch.images.elements(); ++i) {
    const double value =
        data.image(indices[static_cast<std::size_t>(i / 24)])[static_cast<std::size_t>(i % 24)] / 255.0;
    REQUIRE(batch.images.at(i) == (i % 2 ? (value - 0.5) / 2.0 : (value - 0.25) / 0.5));
    REQUIRE(single.images.at(i) == static_cast<double>(static_cast<float>(batch.images.at(i))));
  }
}

TEST_CASE("make_batch: a crop is a shift with zero pixels coming in, evenly over all places", "[batches]") {
  const Dataset data = numbered(1, 6, 5, 3);
  const std::vector<std::uint32_t> one{0};
  std::set<std::pair<int, int>> seen;
  for (std::uint64_t epoch = 0; epoch < 400; ++epoch) {
    const BatchKey key{1, epoch};
    const Batch batch = make_batch(data, one, identity(3), {.crop_padding = 2}, key);
    const Placement place = draw({.crop_padding = 2}, key, 0, 6, 5);
    REQUIRE(std::max(std::abs(place.shift_y), std::abs(place.shift_x)) <= 2);
    seen.insert({place.shift_y, place.shift_x});
    for (int y = 0; y < 6; ++y)
      for (int x = 0; x < 5; ++x)
        for (int c = 0; c < 3; ++c) {
          const int sy = y + place.shift_y, sx = x + place.shift_x;
          const bool inside = sy >= 0 && sy < 6 && sx >= 0 && sx < 5;
          REQUIRE(pixel(batch, (y * 5 + x) * 3 + c) ==
                  (inside ? data.pixels[static_cast<std::size_t>((sy * 5 + sx) * 3 + c)] : 0));
        }
  }
  CHECK(seen.size() == 25);
}

TEST_CASE("make_batch: padding is black before normalisation, a cutout is zero after it", "[batches]") {
  const Dataset data = numbered(40, 4, 4, 1);
  const Normalization n{{0.5f}, {0.25f}};
  const Batch cropped = make_batch(data, first(40), n, {.crop_padding = 4});
  CHECK((cropped.images.array<float>() == -2.0f).any());
  CHECK_FALSE((cropped.images.array<float>() == 0.0f).any());
  const Batch cut = make_batch(data, first(40), n, {.cutout = 3});
  CHECK((cut.images.array<float>() == 0.0f).any());
  CHECK_FALSE((cut.images.array<float>() == -2.0f).any());
}

TEST_CASE("make_batch: a flip mirrors about half of the images and nothing else", "[batches]") {
  const Dataset data = numbered(400, 3, 4, 2);
  const Batch batch = make_batch(data, first(400), identity(2), {.flip = true});
  int flipped = 0;
  for (int i = 0; i < 400; ++i) {
    const bool flip = pixel(batch, i * 24) != data.image(i)[0];
    flipped += flip;
    for (int y = 0; y < 3; ++y)
      for (int x = 0; x < 4; ++x)
        for (int c = 0; c < 2; ++c)
          REQUIRE(pixel(batch, i * 24 + (y * 4 + x) * 2 + c) ==
                  data.image(i)[static_cast<std::size_t>((y * 4 + (flip ? 3 - x : x)) * 2 + c)]);
  }
  CHECK(flipped > 160);
  CHECK(flipped < 240);
}

TEST_CASE("draw: a cutout is a square around any pixel, clipped at the border", "[batches]") {
  std::set<std::pair<int, int>> corners;
  for (std::uint32_t sample = 0; sample < 2000; ++sample) {
    const Placement p = draw({.cutout = 4}, {}, sample, 6, 5);
    CHECK((p.hole_top >= 0 && p.hole_left >= 0 && p.hole_bottom <= 6 && p.hole_right <= 5));
    CHECK((p.hole_bottom - p.hole_top >= 2 && p.hole_bottom - p.hole_top <= 4));
    corners.insert({p.hole_bottom, p.hole_right});
  }
  // Centres y 0..5 give bottoms 2..6 (two of them clipped to 6), centres x 0..4 rights 2..5.
  CHECK(corners.size() == 5 * 4);
}

TEST_CASE("make_batch: depends on seed, epoch and sample, not on the batch or the threads", "[batches]") {
  const Dataset data = numbered(64, 8, 8, 3);
  const Augmentation all{.crop_padding = 4, .flip = true, .cutout = 3};
  const auto images = [&](std::vector<std::uint32_t> indices, BatchKey key, int threads) {
    kernels::set_threads(threads);
    const Batch batch = make_batch(data, indices, measure(data), all, key);
    kernels::set_threads(0);
    const auto values = batch.images.array<float>();
    return std::vector<float>(values.begin(), values.end());
  };
  const auto whole = images(first(64), {3, 5}, 1);
  for (int threads : {2, 3, 7}) CHECK(images(first(64), {3, 5}, threads) == whole);
  const std::size_t size = 8 * 8 * 3;
  CHECK(images({20}, {3, 5}, 1) == std::vector<float>(whole.begin() + 20 * size, whole.begin() + 21 * size));
  CHECK(images(first(64), {3, 6}, 1) != whole);
  CHECK(images(first(64), {4, 5}, 1) != whole);
}

TEST_CASE("make_batch: a sample that is not there is refused", "[batches]") {
  const Dataset data = numbered(3, 2, 2, 1);
  const std::vector<std::uint32_t> indices{3};
  CHECK_THROWS_AS(make_batch(data, indices, identity(1)), ContractError);
  CHECK_THROWS_AS(make_batch(data, first(3), identity(3)), ContractError);
  CHECK(make_batch(data, {}, identity(1)).images.shape() == Shape{0, 2, 2, 1});
}
