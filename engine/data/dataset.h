#pragma once
// Labelled images in memory, as bytes: 60,000 of 28x28 are 47 MB, and normalisation happens batch by batch.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace nascent {

struct Dataset {
  std::string name;  // for people: "fashion-mnist", or the folder
  int channels = 1, height = 0, width = 0;
  int classes = 0;
  std::vector<std::string> class_names;  // one a class
  std::vector<std::uint8_t> pixels;      // [size, height, width, channels]
  std::vector<std::int32_t> labels;      // [size], each in [0, classes)

  std::int64_t size() const { return static_cast<std::int64_t>(labels.size()); }
  std::int64_t image_bytes() const { return std::int64_t{channels} * height * width; }
  std::span<const std::uint8_t> image(std::int64_t index) const {
    return std::span(pixels).subspan(static_cast<std::size_t>(index * image_bytes()),
                                     static_cast<std::size_t>(image_bytes()));
  }
};

struct LoadOptions {
  std::int64_t limit = 0;  // take this many images, chosen by a seeded shuffle; 0 or more than there are: all
  std::uint64_t seed = 0;
};

// The images `options` asks for, in the data's own order. UsageError for a negative limit.
Dataset limited(Dataset data, const LoadOptions& options);

}  // namespace nascent
