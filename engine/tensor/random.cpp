#include "engine/tensor/random.h"

#include <cmath>
#include <numbers>
#include <utility>

namespace nascent {
namespace {

// SplitMix64's finalizer: folds a seed, a purpose and coordinates into one well-mixed word.
std::uint64_t mix(std::uint64_t state, std::uint64_t value) {
  std::uint64_t z = state + value + 0x9E3779B97F4A7C15ull;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> c, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ key[0], static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ key[1], static_cast<std::uint32_t>(p0)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return c;
}

Random::Random(std::uint64_t seed, std::string_view purpose, std::initializer_list<std::uint64_t> coordinates)
    : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}, stream_(0) {
  for (char c : purpose) stream_ = mix(stream_, static_cast<unsigned char>(c));
  for (std::uint64_t coordinate : coordinates) stream_ = mix(stream_, coordinate);
}

std::array<std::uint32_t, 4> Random::block(std::uint64_t index) const {
  return philox4x32({static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
                     static_cast<std::uint32_t>(stream_), static_cast<std::uint32_t>(stream_ >> 32)},
                    key_);
}

std::uint32_t Random::bits(std::uint64_t index) const { return block(index)[0]; }

double Random::uniform(std::uint64_t index) const {
  const auto b = block(index);
  const std::uint64_t word = (std::uint64_t{b[0]} << 32 | b[1]) >> 11;
  return static_cast<double>(word) * 0x1.0p-53;
}

double Random::normal(std::uint64_t index) const {
  const auto b = block(index);
  const double u = (static_cast<double>((std::uint64_t{b[0]} << 32 | b[1]) >> 11) + 1.0) * 0x1.0p-53;  // in (0, 1]
  const double v = static_cast<double>((std::uint64_t{b[2]} << 32 | b[3]) >> 11) * 0x1.0p-53;
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

std::uint32_t Random::below(std::uint64_t index, std::uint32_t bound) const {
  const auto b = block(index);
  const std::uint64_t word = std::uint64_t{b[0]} << 32 | b[1];
  return static_cast<std::uint32_t>(static_cast<unsigned __int128>(word) * bound >> 64);
}

void Random::shuffle(std::span<std::uint32_t> values) const {
  for (std::size_t i = values.size(); i > 1; --i)
    std::swap(values[i - 1], values[below(i, static_cast<std::uint32_t>(i))]);
}

}  // namespace nascent
