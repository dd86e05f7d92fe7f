#pragma once
#include <optional>
#include <string>

#include "nas/image_size.h"

namespace nascent::bench {

inline constexpr const char* image_expected = "sizes like 32x32x3, 3x32x32 or 32";

// "32x32x3", or "3x32x32" as the programs write it: channels are the smaller end. "32" alone is 32x32x3.
std::optional<nas::ImageSize> parse_image_size(const std::string& typed);

}  // namespace nascent::bench
