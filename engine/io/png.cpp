#include <fmt/format.h>
#include <png.h>

#include <string_view>

#include "engine/io/image.h"
#include "engine/tensor/error.h"

namespace nascent {
namespace {

// libpng's simplified reader or writer, freed however we leave.
struct PngImage : png_image {
  PngImage() : png_image{} { version = PNG_IMAGE_VERSION; }
  PngImage(const PngImage&) = delete;
  PngImage& operator=(const PngImage&) = delete;
  ~PngImage() { png_image_free(this); }
};

}  // namespace

Image decode_png(std::span<const std::uint8_t> bytes, const std::filesystem::path& path) {
  PngImage png;
  const auto refuse = [&](std::string_view what) {
    throw DataError(fmt::format("{}: {}. Is the file whole?", path.string(), what));
  };
  if (!png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()))
    refuse(fmt::format("not a PNG that can be read ({})", png.message));
  if (png.width > static_cast<unsigned>(kMaxImageSide) || png.height > static_cast<unsigned>(kMaxImageSide))
    refuse(fmt::format("claims {}x{} pixels, the limit is {} a side", png.height, png.width, kMaxImageSide));
  const bool colour = (png.format & PNG_FORMAT_FLAG_COLOR) != 0;
  png.format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  Image image{static_cast<int>(png.width), static_cast<int>(png.height), colour ? 3 : 1, {}};
  image.pixels.resize(PNG_IMAGE_SIZE(png));
  const png_color black{0, 0, 0};
  if (!png_image_finish_read(&png, &black, image.pixels.data(), 0, nullptr))
    refuse(fmt::format("the PNG is damaged ({})", png.message));
  return image;
}

std::string encode_png(const Image& image) {
  const auto pixels = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
  if ((image.channels != 1 && image.channels != 3) || pixels == 0 ||
      image.pixels.size() != pixels * static_cast<std::size_t>(image.channels))
    throw ContractError("encode_png",
                        fmt::format("expected pixels of 1 or 3 channels, got {} bytes for {}x{}x{}",
                                    image.pixels.size(), image.height, image.width, image.channels),
                        Where::current());
  PngImage png;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = image.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png_alloc_size_t size = 0;
  std::string bytes;
  if (png_image_write_get_memory_size(png, size, 0, image.pixels.data(), 0, nullptr)) {
    bytes.resize(size);
    if (png_image_write_to_memory(&png, bytes.data(), &size, 0, image.pixels.data(), 0, nullptr)) return bytes;
  }
  throw Error(fmt::format("libpng: {}", png.message));
}

}  // namespace nascent
