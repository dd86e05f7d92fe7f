#pragma once
// IDX files made by hand.
#include <cstdint>
#include <initializer_list>
#include <string>

namespace nascent::test {

inline std::string idx(std::initializer_list<std::uint32_t> sizes, const std::string& payload, char type = 0x08) {
  std::string bytes{0, 0, type, static_cast<char>(sizes.size())};
  for (std::uint32_t size : sizes)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift);
  return bytes + payload;
}

// The bytes 0, 1, 2 ...
inline std::string counting(std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>(i);
  return bytes;
}

}  // namespace nascent::test
