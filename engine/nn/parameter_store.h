#pragma once
// Everything a network learns or remembers, by name and in the order of construction. Names are PyTorch's
// ("cells.3._ops.7.op.1.weight"), so that weights can be exchanged with it.
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/tensor/tensor.h"

namespace nascent {

struct Parameter {
  enum class Kind : std::uint8_t {
    weight,  // trained
    buffer,  // remembered: running statistics
  };
  // How the axes lie against PyTorch's, for exchange.
  enum class Layout : std::uint8_t {
    plain,      // the same
    conv,       // [kernel_h, kernel_w, in/groups, out] here, [out, in/groups, kernel_h, kernel_w] there
    depthwise,  // [kernel_h, kernel_w, channels] here, [channels, 1, kernel_h, kernel_w] there
  };

  std::string name;
  Tensor value;
  Kind kind = Kind::weight;
  Layout layout = Layout::plain;
};

// Element i starts as value + U(-bound, bound), a pure function of (seed, name, i): what else a network holds, and in
// which order it was made, changes nothing.
struct Initial {
  double value = 0, bound = 0;
};

// The values of all weights, or of all buffers, at one moment.
struct Snapshot {
  Parameter::Kind kind = Parameter::Kind::weight;
  std::vector<Tensor> values;
};

class Scope;

class ParameterStore {
 public:
  explicit ParameterStore(std::uint64_t seed = 0, DType dtype = DType::f32) : seed_(seed), dtype_(dtype) {}
  ParameterStore(const ParameterStore&) = delete;  // scopes point here, and a copy would share every tensor
  ParameterStore& operator=(const ParameterStore&) = delete;

  Scope root();
  // Returns a handle on the new parameter's storage. Throws when the name is taken.
  Tensor add(const std::string& name, const Shape& shape, Initial initial, Parameter::Kind kind,
             Parameter::Layout layout, const Where& where);

  DType dtype() const { return dtype_; }
  std::uint64_t seed() const { return seed_; }
  const std::deque<Parameter>& entries() const { return entries_; }
  const Parameter* find(std::string_view name) const;  // nullptr when there is none
  std::vector<Tensor> weights() const { return all(Parameter::Kind::weight); }
  std::vector<Tensor> buffers() const { return all(Parameter::Kind::buffer); }
  std::int64_t weight_count() const;  // numbers, not tensors

  Snapshot snapshot(Parameter::Kind kind) const;
  // Writes the values back, to the bit. Throws when the snapshot is of another network.
  void restore(const Snapshot& snapshot, Where where = Where::current());

 private:
  std::vector<Tensor> all(Parameter::Kind kind) const;

  std::uint64_t seed_;
  DType dtype_;
  std::deque<Parameter> entries_;  // a deque: the index's views of names stay valid
  std::unordered_map<std::string_view, const Parameter*> index_;
};

// A place in a store where a layer puts its parameters: scope / "ops" / 3 names the children "ops.3.*". The store must
// outlive it.
class Scope {
 public:
  explicit Scope(ParameterStore& store, std::string prefix = "") : store_(&store), prefix_(std::move(prefix)) {}

  Scope operator/(std::string_view child) const;
  Scope operator/(std::int64_t index) const { return *this / std::string_view(std::to_string(index)); }

  Tensor weight(std::string_view name, const Shape& shape, Initial initial,
                Parameter::Layout layout = Parameter::Layout::plain, Where where = Where::current()) const;
  Tensor buffer(std::string_view name, const Shape& shape, Initial initial, Where where = Where::current()) const;

  ParameterStore& store() const { return *store_; }
  const std::string& prefix() const { return prefix_; }

 private:
  ParameterStore* store_;
  std::string prefix_;
};

}  // namespace nascent
