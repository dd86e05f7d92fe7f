#include "engine/autograd/gradients.h"

namespace nascent {

// A tensor made on a tape is known by its slot, a leaf by its storage: a handle on a leaf carries no slot.
std::uint64_t Gradients::key(const Tensor& of) {
  const Slot slot = of.slot();
  if (slot.tape != 0 && !of.detached()) return std::uint64_t{slot.tape} << 32 | slot.index;
  return reinterpret_cast<std::uintptr_t>(of.storage());
}

const Tensor* Gradients::find(const Tensor& of) const {
  const auto entry = entries_.find(key(of));
  return entry == entries_.end() ? nullptr : &entry->second.gradient;
}

Tensor* Gradients::find(const Tensor& of) {
  const auto entry = entries_.find(key(of));
  return entry == entries_.end() ? nullptr : &entry->second.gradient;
}

Tensor Gradients::operator[](const Tensor& of) const {
  const Tensor* gradient = find(of);
  return gradient ? *gradient : Tensor::zeros(of.shape(), of.dtype());
}

void Gradients::set(const Tensor& of, Tensor gradient) { entries_[key(of)] = {of, std::move(gradient)}; }

}  // namespace nascent
