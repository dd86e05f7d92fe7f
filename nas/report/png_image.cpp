#include "nas/report/png_image.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "engine/io/image.h"
#include "engine/tensor/error.h"

namespace nascent::nas {
namespace {

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 3; ++k)
      word = word << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (int shift = 18; shift >= 0; shift -= 6) out += digits[word >> shift & 63];
  }
  for (std::size_t missing = (3 - bytes.size() % 3) % 3, k = 0; k < missing; ++k) out[out.size() - 1 - k] = '=';
  return out;
}

}  // namespace

std::string png_data_uri(std::span<const std::uint8_t> pixels, int height, int width, int channels, int longest_side) {
  const auto size = [](int n) { return static_cast<std::size_t>(n); };
  if (height < 1 || width < 1 || channels < 1 || pixels.size() != size(height) * size(width) * size(channels))
    throw ContractError("png_data_uri",
                        fmt::format("expected {} x {} x {} pixels, got {}", height, width, channels, pixels.size()),
                        Where::current());
  const int step = (std::max(height, width) + longest_side - 1) / longest_side;
  Image thumbnail{(width + step - 1) / step, (height + step - 1) / step, channels == 3 ? 3 : 1, {}};
  for (int y = 0; y < height; y += step)
    for (int x = 0; x < width; x += step)
      for (int c = 0; c < thumbnail.channels; ++c)
        thumbnail.pixels.push_back(pixels[(size(y) * size(width) + size(x)) * size(channels) + size(c)]);
  return "data:image/png;base64," + base64(encode_png(thumbnail));
}

}  // namespace nascent::nas
