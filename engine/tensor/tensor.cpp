#include "engine/tensor/tensor.h"

#include <cstring>

#include "engine/tensor/buffer_pool.h"

namespace nascent {
namespace {

template <class T>
Tensor copied(const Shape& shape, std::span<const T> values, const Where& where) {
  if (shape.elements() != static_cast<std::int64_t>(values.size()))
    throw ContractError("tensor",
                        "expected " + std::to_string(shape.elements()) + " values for shape " + shape.text() +
                            ", got " + std::to_string(values.size()),
                        where);
  Tensor t = Tensor::empty(shape, dtype_of<T>);
  if (!values.empty()) std::memcpy(t.mutable_bytes(), values.data(), values.size_bytes());
  return t;
}

}  // namespace

const char* name(DType dtype) { return dtype == DType::f32 ? "f32" : "f64"; }

Tensor Tensor::empty(const Shape& shape, DType dtype) {
  Tensor t;
  t.shape_ = shape;
  t.dtype_ = dtype;
  t.storage_ = std::make_shared<Storage>(BufferPool::instance().take(t.bytes()));
  return t;
}

Tensor Tensor::scratch(std::int64_t elements, DType dtype) {
  Tensor t;
  t.shape_ = {elements};
  t.dtype_ = dtype;
  t.storage_ = std::make_shared<Storage>(BufferPool::instance().take_scratch(t.bytes()));
  return t;
}

Tensor Tensor::full(const Shape& shape, double value, DType dtype) {
  Tensor t = empty(shape, dtype);
  visit(dtype, [&](auto zero) {
    using T = decltype(zero);
    t.mutable_array<T>() = static_cast<T>(value);
  });
  return t;
}

Tensor Tensor::from(const Shape& shape, std::span<const float> values, Where where) {
  return copied(shape, values, where);
}
Tensor Tensor::from(const Shape& shape, std::span<const double> values, Where where) {
  return copied(shape, values, where);
}

std::byte* Tensor::mutable_bytes() {
  ++storage_->version;
  return storage_->bytes.get();
}

double Tensor::item(Where where) const {
  if (!defined() || elements() != 1)
    throw ContractError("item", "expected a tensor of one element, got shape " + shape_.text(), where);
  return at(0);
}

double Tensor::at(std::int64_t index) const {
  return visit(dtype_, [&](auto zero) { return static_cast<double>(data<decltype(zero)>()[index]); });
}

Tensor Tensor::clone() const {
  Tensor t = empty(shape_, dtype_);
  std::memcpy(t.mutable_bytes(), bytes_data(), bytes());
  return t;
}

Tensor Tensor::detach() const {
  Tensor t = *this;
  t.slot_ = {Slot::kDetached, 0};
  return t;
}

Tensor Tensor::cast(DType dtype) const {
  Tensor t = empty(shape_, dtype);
  visit(dtype_, [&](auto from) {
    visit(dtype,
          [&](auto to) { t.mutable_array<decltype(to)>() = array<decltype(from)>().template cast<decltype(to)>(); });
  });
  return t;
}

Tensor Tensor::view(const Shape& shape, Where where) const {
  if (shape.elements() != elements())
    throw ContractError("view", "cannot see " + shape_.text() + " as " + shape.text() + ": element counts differ",
                        where);
  Tensor t = detach();
  t.shape_ = shape;
  return t;
}

void Tensor::copy_from(const Tensor& source, Where where) {
  if (source.shape() != shape_ || source.dtype() != dtype_)
    throw ContractError("copy_from",
                        "expected " + shape_.text() + " of " + name(dtype_) + ", got " + source.shape().text() +
                            " of " + name(source.dtype()),
                        where);
  std::memcpy(mutable_bytes(), source.bytes_data(), bytes());
}

void Tensor::expect(DType wanted) const {
  if (!defined()) throw std::logic_error("an undefined tensor has no data");
  if (dtype_ != wanted) throw std::logic_error(std::string("tensor holds ") + name(dtype_) + ", not " + name(wanted));
}

}  // namespace nascent
