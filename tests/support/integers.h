#pragma once
// Small whole numbers, so that every partial sum is exact and results of any two correct kernels compare with ==.
#include <cstdint>
#include <vector>

namespace nascent::test {

// A fixed mix of the bits of a counter (the finaliser of splitmix64): the same numbers on every machine.
inline std::uint64_t mix(std::uint64_t z) {
  z += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// n whole numbers in [-range, range].
template <class T>
std::vector<T> integers(std::int64_t n, std::uint64_t seed, int range = 3) {
  std::vector<T> v(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < v.size(); ++i)
    v[i] = static_cast<T>(static_cast<int>(mix(seed * 0x10001u + i) % static_cast<unsigned>(2 * range + 1)) - range);
  return v;
}

// n reals in [-1, 1).
template <class T>
std::vector<T> reals(std::int64_t n, std::uint64_t seed) {
  std::vector<T> v(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < v.size(); ++i)
    v[i] = static_cast<T>(static_cast<double>(mix(seed * 0x10001u + i) >> 11) * 0x1p-52 - 1.0);
  return v;
}

// Sum of a*b in double: exact while the data are small whole numbers.
template <class T>
double inner(const std::vector<T>& a, const std::vector<T>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

}  // namespace nascent::test
