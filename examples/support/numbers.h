#pragma once
// Numbers as a person reads them.
#include <cstdint>
#include <string>

namespace nascent::examples {

std::string grouped(std::int64_t number);                // 4,398,046,511,104
std::string duration(double seconds);                    // 0.42 s, 12.3 s, 1 min 23 s, 2 h 05 min, 3 d 04 h
std::string percent(double fraction, int decimals = 2);  // 0.9104 -> 91.04 %

}  // namespace nascent::examples
