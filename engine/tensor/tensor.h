#pragma once
// A tensor is a value: a handle on shared storage with a shape and an element type. Copying shares; operations never
// change their inputs. Images are [batch, height, width, channels]: the channel is the vector lane, so a 1x1
// convolution is a matrix product over pixels and batch norm a statistic of columns.
#include <Eigen/Core>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "engine/tensor/error.h"
#include "engine/tensor/shape.h"

namespace nascent {

// f64 runs through the reference kernels: for gradient checks, teaching and holding our numbers against others'.
enum class DType : std::uint8_t { f32, f64 };
const char* name(DType dtype);
inline std::size_t bytes_of(DType dtype) { return dtype == DType::f32 ? 4 : 8; }
template <class T>
constexpr DType dtype_of = sizeof(T) == 4 ? DType::f32 : DType::f64;

// Calls f with a value-initialised float or double: `visit(x.dtype(), [&](auto zero) { using T = decltype(zero); })`.
template <class F>
decltype(auto) visit(DType dtype, F&& f) {
  return dtype == DType::f32 ? f(float{}) : f(double{});
}

struct Storage {
  std::shared_ptr<std::byte> bytes;
  std::uint32_t version = 0;  // how often somebody asked to write
};

// Where a tape keeps this value: the node that made it. Default: on no tape; a tape may still know the storage as a
// leaf.
struct Slot {
  static constexpr std::uint32_t kDetached = ~0u;  // a constant to every tape
  std::uint32_t tape = 0, index = 0;
  bool operator==(const Slot&) const = default;
};

template <class T>
using Array = Eigen::Map<Eigen::Array<T, Eigen::Dynamic, 1>>;
template <class T>
using ConstArray = Eigen::Map<const Eigen::Array<T, Eigen::Dynamic, 1>>;
template <class T>
using Matrix = Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
template <class T>
using ConstMatrix = Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

class Tensor {
 public:
  Tensor() = default;                                                 // undefined: no storage
  static Tensor empty(const Shape& shape, DType dtype = DType::f32);  // contents undefined
  // [elements] for a kernel to work in while it runs; see BufferPool::take_scratch.
  static Tensor scratch(std::int64_t elements, DType dtype = DType::f32);
  static Tensor full(const Shape& shape, double value, DType dtype = DType::f32);
  static Tensor zeros(const Shape& shape, DType dtype = DType::f32) { return full(shape, 0, dtype); }
  static Tensor from(const Shape& shape, std::span<const float> values, Where where = Where::current());
  static Tensor from(const Shape& shape, std::span<const double> values, Where where = Where::current());
  static Tensor scalar(double value, DType dtype = DType::f32) { return full({}, value, dtype); }

  bool defined() const { return storage_ != nullptr; }
  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  std::int64_t elements() const { return shape_.elements(); }
  std::size_t bytes() const { return static_cast<std::size_t>(elements()) * bytes_of(dtype_); }

  template <class T>
  const T* data() const {
    expect(dtype_of<T>);
    return reinterpret_cast<const T*>(storage_->bytes.get());
  }
  // Writing bumps the version: a tape that saved this tensor will refuse to go backward through it.
  template <class T>
  T* mutable_data() {
    expect(dtype_of<T>);
    ++storage_->version;
    return reinterpret_cast<T*>(storage_->bytes.get());
  }
  std::byte* mutable_bytes();
  const std::byte* bytes_data() const { return storage_->bytes.get(); }

  // Eigen's view of the elements in a row, and of everything but the last axis by the last axis.
  template <class T>
  ConstArray<T> array() const {
    return {data<T>(), elements()};
  }
  template <class T>
  Array<T> mutable_array() {
    return {mutable_data<T>(), elements()};
  }
  template <class T>
  ConstMatrix<T> matrix() const {
    return {data<T>(), rows(), columns()};
  }
  template <class T>
  Matrix<T> mutable_matrix() {
    return {mutable_data<T>(), rows(), columns()};
  }
  std::int64_t columns() const { return shape_.rank() ? shape_[-1] : 1; }
  std::int64_t rows() const { return columns() ? elements() / columns() : 0; }

  double item(Where where = Where::current()) const;  // the value of a tensor of one element
  double at(std::int64_t index) const;                // element `index` in memory order, for printing and tests

  Tensor clone() const;            // own storage, on no tape
  Tensor detach() const;           // same storage, a constant to every tape
  Tensor cast(DType dtype) const;  // own storage, on no tape
  // The same storage under another shape of as many elements, on no tape; ops/reshape.h is the differentiable one.
  Tensor view(const Shape& shape, Where where = Where::current()) const;
  // Overwrites the elements with those of `source` (same shape and type), bumping the version.
  void copy_from(const Tensor& source, Where where = Where::current());

  const Storage* storage() const { return storage_.get(); }
  bool sole_owner() const { return storage_.use_count() == 1; }
  std::uint32_t version() const { return storage_->version; }
  bool detached() const { return slot_.tape == Slot::kDetached; }
  Slot slot() const { return slot_; }
  void set_slot(Slot slot) { slot_ = slot; }

 private:
  void expect(DType wanted) const;

  std::shared_ptr<Storage> storage_;
  Shape shape_;
  DType dtype_ = DType::f32;
  Slot slot_;
};

}  // namespace nascent
