#pragma once
// Random numbers by counter: a number is a pure function of (key, index), so it does not matter who asks first, on
// which thread, or after which interruption. Philox4x32-10 of Salmon et al., "Parallel random numbers: as easy as
// 1, 2, 3" (SC 2011).
#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace nascent {

// The raw generator, for tests against the paper's known answers.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

// A stream of numbers for one purpose. Two streams whose purpose or coordinates differ share nothing.
class Random {
 public:
  // `purpose` says what the numbers are for ("init", "shuffle"); `coordinates` where ({epoch, sample}).
  Random(std::uint64_t seed, std::string_view purpose, std::initializer_list<std::uint64_t> coordinates = {});

  std::uint32_t bits(std::uint64_t index) const;
  double uniform(std::uint64_t index) const;  // in [0, 1), 53 random bits
  double normal(std::uint64_t index) const;   // mean 0, deviation 1 (Box and Muller)
  // Uniform in [0, bound), without bias worth measuring for bound < 2^32.
  std::uint32_t below(std::uint64_t index, std::uint32_t bound) const;
  // Fisher-Yates shuffle in place.
  void shuffle(std::span<std::uint32_t> values) const;

 private:
  std::array<std::uint32_t, 4> block(std::uint64_t index) const;
  std::array<std::uint32_t, 2> key_;
  std::uint64_t stream_;
};

}  // namespace nascent
