#include "engine/nn/parameter_store.h"

#include "engine/tensor/random.h"

namespace nascent {

Scope ParameterStore::root() { return Scope(*this); }

Tensor ParameterStore::add(const std::string& name, const Shape& shape, Initial initial, Parameter::Kind kind,
                           Parameter::Layout layout, const Where& where) {
  if (find(name)) throw ContractError("parameters", "expected a new name, got \"" + name + "\" again", where);
  Tensor value = Tensor::empty(shape, dtype_);
  const Random random(seed_, name);
  visit(dtype_, [&](auto zero) {
    using T = decltype(zero);
    T* elements = value.mutable_data<T>();
    for (std::int64_t i = 0; i < value.elements(); ++i)
      elements[i] = static_cast<T>(initial.bound == 0 ? initial.value
                                                      : initial.value + initial.bound * (2 * random.uniform(i) - 1));
  });
  entries_.push_back({name, value, kind, layout});
  index_.emplace(entries_.back().name, &entries_.back());
  return value;
}

const Parameter* ParameterStore::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : found->second;
}

std::vector<Tensor> ParameterStore::all(Parameter::Kind kind) const {
  std::vector<Tensor> values;
  for (const Parameter& p : entries_)
    if (p.kind == kind) values.push_back(p.value);
  return values;
}

std::int64_t ParameterStore::weight_count() const {
  std::int64_t count = 0;
  for (const Tensor& w : weights()) count += w.elements();
  return count;
}

Snapshot ParameterStore::snapshot(Parameter::Kind kind) const {
  Snapshot taken{kind, all(kind)};
  for (Tensor& value : taken.values) value = value.clone();
  return taken;
}

void ParameterStore::restore(const Snapshot& snapshot, Where where) {
  std::vector<Tensor> ours = all(snapshot.kind);
  if (ours.size() != snapshot.values.size())
    throw ContractError("restore",
                        "expected a snapshot of " + std::to_string(ours.size()) + " tensors, got " +
                            std::to_string(snapshot.values.size()),
                        where);
  for (std::size_t i = 0; i < ours.size(); ++i)  // all are checked before the first is written
    if (ours[i].shape() != snapshot.values[i].shape() || ours[i].dtype() != snapshot.values[i].dtype())
      throw ContractError("restore",
                          "expected tensor " + std::to_string(i) + " of shape " + ours[i].shape().text() + ", got " +
                              snapshot.values[i].shape().text(),
                          where);
  for (std::size_t i = 0; i < ours.size(); ++i) ours[i].copy_from(snapshot.values[i], where);
}

Scope Scope::operator/(std::string_view child) const {
  return Scope(*store_, prefix_.empty() ? std::string(child) : prefix_ + "." + std::string(child));
}

Tensor Scope::weight(std::string_view name, const Shape& shape, Initial initial, Parameter::Layout layout,
                     Where where) const {
  return store_->add((*this / name).prefix(), shape, initial, Parameter::Kind::weight, layout, where);
}

Tensor Scope::buffer(std::string_view name, const Shape& shape, Initial initial, Where where) const {
  return store_->add((*this / name).prefix(), shape, initial, Parameter::Kind::buffer, Parameter::Layout::plain, where);
}

}  // namespace nascent
