#pragma once
// The result of going backward: a value. Nothing to set to zero, nothing hidden on parameters.
#include <unordered_map>
#include <vector>

#include "engine/tensor/tensor.h"

namespace nascent {

class Gradients {
 public:
  // The gradient of a watched (or asked-for) tensor, or nullptr when the loss does not depend on it.
  const Tensor* find(const Tensor& of) const;
  Tensor* find(const Tensor& of);
  // The same, with zeros when the loss does not depend on it.
  Tensor operator[](const Tensor& of) const;

  void set(const Tensor& of, Tensor gradient);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Tensor of, gradient;
  };
  static std::uint64_t key(const Tensor& of);
  std::unordered_map<std::uint64_t, Entry> entries_;
};

}  // namespace nascent
