#pragma once
// Still images as bytes: PNG through libpng, and the PGM and PPM that any program can write.
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace nascent {

struct Image {
  int width = 0, height = 0, channels = 1;  // 1 grey, 3 red green blue
  std::vector<std::uint8_t> pixels;         // [height, width, channels]
};

// A .png, .pgm, .ppm or .pnm file, told by its first bytes. Alpha is laid over black, 16 bits become 8. DataError when
// it is none of these, damaged, or larger than 4096x4096 (found before memory is taken); FileError when unreadable.
Image read_image(const std::filesystem::path& path);

// The bytes of a PNG file. ContractError unless channels are 1 or 3 and the pixels fill the image.
std::string encode_png(const Image& image);

// `bytes` are the contents of the file `path`; read_image chooses between these.
Image decode_png(std::span<const std::uint8_t> bytes, const std::filesystem::path& path);
Image decode_pnm(std::span<const std::uint8_t> bytes, const std::filesystem::path& path);

inline constexpr int kMaxImageSide = 4096;

}  // namespace nascent
