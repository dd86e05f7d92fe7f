#pragma once
// Numbers as a person reads them.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace nascent::examples {

std::string grouped(std::int64_t number);                          // 4,398,046,511,104
std::string duration(double seconds);                              // 0.42 s, 12.3 s, 1 min 23 s, 2 h 05 min, 3 d 04 h
std::string mebibytes(std::size_t bytes);                          // 1,705 MiB
std::optional<std::size_t> parsed_bytes(const std::string& text);  // 500M, 2G, 1.5G, 300000K: powers of 1024
std::string percent(double fraction, int decimals = 2);            // 0.9104 -> 91.04 %
// 20 before and 10 after: 2.0 times fewer; the other way round: 2.0 times as many.
std::string times_fewer(std::int64_t before, std::int64_t after);

}  // namespace nascent::examples
