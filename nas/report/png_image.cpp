#include "nas/report/png_image.h"

#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "engine/tensor/error.h"

namespace nascent::nas {
namespace {

std::string base64(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t word = std::uint32_t{bytes[i]} << 16;
    if (i + 1 < bytes.size()) word |= std::uint32_t{bytes[i + 1]} << 8;
    if (i + 2 < bytes.size()) word |= bytes[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6) out += digits[word >> shift & 63];
  }
  for (std::size_t missing = (3 - bytes.size() % 3) % 3, k = 0; k < missing; ++k) out[out.size() - 1 - k] = '=';
  return out;
}

}  // namespace

std::string png_data_uri(std::span<const std::uint8_t> pixels, int height, int width, int channels, int longest_side) {
  if (height < 1 || width < 1 || channels < 1 ||
      pixels.size() !=
          static_cast<std::size_t>(height) * static_cast<std::size_t>(width) * static_cast<std::size_t>(channels))
    throw ContractError("png_data_uri",
                        fmt::format("expected {} x {} x {} pixels, got {}", height, width, channels, pixels.size()),
                        Where::current());
  const int shown = channels == 3 ? 3 : 1;
  const int step = (std::max(height, width) + longest_side - 1) / longest_side;
  std::vector<std::uint8_t> thumbnail;
  for (int y = 0; y < height; y += step)
    for (int x = 0; x < width; x += step)
      for (int c = 0; c < shown; ++c)
        thumbnail.push_back(
            pixels[(static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)) *
                       static_cast<std::size_t>(channels) +
                   static_cast<std::size_t>(c)]);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>((width + step - 1) / step);
  image.height = static_cast<png_uint_32>((height + step - 1) / step);
  image.format = shown == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::vector<std::uint8_t> file(size);
  if (!png_image_write_to_memory(&image, file.data(), &size, 0, thumbnail.data(), 0, nullptr))
    throw Error(fmt::format("[png_data_uri] libpng could not write the image: {}", image.message));
  return "data:image/png;base64," + base64(std::span(file).first(size));
}

}  // namespace nascent::nas
