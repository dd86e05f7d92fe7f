#include <fmt/format.h>

#include <string>
#include <string_view>

#include "engine/io/image.h"
#include "engine/tensor/error.h"

namespace nascent {
namespace {

// Netpbm's P2 and P5 (grey) and P3 and P6 (colour): a header of words, then numbers (P2, P3) or bytes (P5, P6).
class PnmReader {
 public:
  PnmReader(std::span<const std::uint8_t> bytes, const std::filesystem::path& path) : bytes_(bytes), path_(path) {}

  Image read() {
    const int kind = bytes_.size() > 1 && bytes_[0] == 'P' ? bytes_[1] - '0' : 0;
    if (kind != 2 && kind != 3 && kind != 5 && kind != 6) refuse("not a PGM or PPM (P2, P3, P5 or P6)");
    at_ = 2;
    Image image{.width = number(kMaxImageSide, "width"),
                .height = number(kMaxImageSide, "height"),
                .channels = kind % 3 == 0 ? 3 : 1,
                .pixels = {}};
    top_ = number(255, "largest value");
    if (image.width == 0 || image.height == 0 || top_ == 0) refuse("claims a size or largest value of 0");
    const auto count = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height) *
                       static_cast<std::size_t>(image.channels);
    const bool text = kind < 4;
    if (!text) ++at_;  // exactly one blank before the bytes
    // A value takes at least one byte, so a short file is refused before memory is taken.
    const std::size_t left = at_ < bytes_.size() ? bytes_.size() - at_ : 0;
    if (left < count) refuse(fmt::format("holds {} values or fewer, its header promises {}", left, count));
    image.pixels.reserve(count);
    for (std::size_t i = 0; i < count; ++i) image.pixels.push_back(scaled(text ? number(255, "value") : bytes_[at_++]));
    while (at_ < bytes_.size() && blank(bytes_[at_])) ++at_;
    if (at_ < bytes_.size()) refuse(fmt::format("{} unexpected bytes after the image", bytes_.size() - at_));
    return image;
  }

 private:
  static bool blank(std::uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

  // The next number, skipping blanks and comments.
  int number(int limit, std::string_view what) {
    while (at_ < bytes_.size() && (blank(bytes_[at_]) || bytes_[at_] == '#')) {
      if (bytes_[at_] == '#')
        while (at_ < bytes_.size() && bytes_[at_] != '\n') ++at_;
      else
        ++at_;
    }
    int value = 0;
    const std::size_t start = at_;
    for (; at_ < bytes_.size() && bytes_[at_] >= '0' && bytes_[at_] <= '9'; ++at_) {
      value = value * 10 + (bytes_[at_] - '0');
      if (value > limit) refuse(fmt::format("{} is over the limit of {}", what, limit));
    }
    if (at_ == start) refuse(fmt::format("expected a number ({}) at offset {}", what, at_));
    return value;
  }

  std::uint8_t scaled(int value) const {
    if (value > top_) refuse(fmt::format("value {} is above the largest value {}", value, top_));
    return static_cast<std::uint8_t>((value * 255 + top_ / 2) / top_);
  }

  [[noreturn]] void refuse(const std::string& what) const {
    throw DataError(fmt::format("{}: {}. Is the file whole?", path_.string(), what));
  }

  std::span<const std::uint8_t> bytes_;
  const std::filesystem::path& path_;
  std::size_t at_ = 0;
  int top_ = 255;
};

}  // namespace

Image decode_pnm(std::span<const std::uint8_t> bytes, const std::filesystem::path& path) {
  return PnmReader(bytes, path).read();
}

}  // namespace nascent
