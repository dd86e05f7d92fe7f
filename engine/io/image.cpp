#include "engine/io/image.h"

#include <fmt/format.h>

#include "engine/io/file.h"
#include "engine/tensor/error.h"

namespace nascent {

Image read_image(const std::filesystem::path& path) {
  // Four bytes a pixel and as much again for what a file may carry beside its pixels.
  constexpr std::uint64_t kMaxBytes = std::uint64_t{8} * kMaxImageSide * kMaxImageSide;
  const auto bytes = read_file(path, kMaxBytes);
  if (bytes.empty()) throw DataError(fmt::format("{}: file is empty", path.string()));
  if (bytes[0] == 0x89) return decode_png(bytes, path);
  if (bytes[0] == 'P') return decode_pnm(bytes, path);
  throw DataError(fmt::format("{}: not a PNG, PGM or PPM image (starts with byte {:#04x}). Convert it to PNG.",
                              path.string(), bytes[0]));
}

}  // namespace nascent
