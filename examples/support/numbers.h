#pragma once
// Numbers as a person reads and writes them.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "nas/report/numbers.h"

namespace nascent::examples {

using nas::counted;
using nas::duration;
using nas::grouped;
using nas::measured_count;
using nas::percent;

std::string mebibytes(std::size_t bytes);                          // 1,705 MiB
std::optional<std::size_t> parsed_bytes(const std::string& text);  // 500M, 2G, 1.5G, 300000K: powers of 1024
// 20 before and 10 after: 2.0 times fewer; the other way round: 2.0 times as many.
std::string times_fewer(std::int64_t before, std::int64_t after);

}  // namespace nascent::examples
