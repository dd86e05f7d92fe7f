#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace nascent::examples {

struct ImageFlag {
  std::int64_t channels = 3, height = 32, width = 32;
};

// "3x32x32" -> channels, height, width, each from 1 to 4096; empty when it is not that.
std::optional<ImageFlag> parse_image(const std::string& text);

}  // namespace nascent::examples
