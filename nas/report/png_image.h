#pragma once
// Images inside a page.
#include <cstdint>
#include <span>
#include <string>

namespace nascent::nas {

// "data:image/png;base64,...". Three channels are read as RGB, any other number shows its first channel in grey. An
// image with a side above `longest_side` is thinned to it.
std::string png_data_uri(std::span<const std::uint8_t> pixels, int height, int width, int channels,
                         int longest_side = 64);

}  // namespace nascent::nas
