#include "engine/nn/state.h"

#include "engine/io/layout.h"

namespace nascent {

Tensor to_pytorch_layout(const Tensor& value, Parameter::Layout layout) {
  switch (layout) {
    case Parameter::Layout::conv:
      return hwio_to_oihw(value);
    case Parameter::Layout::depthwise:
      return hwc_to_c1hw(value);
    default:
      return value.clone();
  }
}

Tensor from_pytorch_layout(const Tensor& value, Parameter::Layout layout) {
  switch (layout) {
    case Parameter::Layout::conv:
      return oihw_to_hwio(value);
    case Parameter::Layout::depthwise:
      return c1hw_to_hwc(value);
    default:
      return value.clone();
  }
}

std::vector<NamedTensor> state_of(const ParameterStore& store) {
  std::vector<NamedTensor> state;
  for (const Parameter& p : store.entries()) state.push_back({p.name, to_pytorch_layout(p.value, p.layout)});
  return state;
}

void load_state(ParameterStore& store, const SafetensorsFile& file) {
  std::vector<Tensor> values;
  for (const Parameter& p : store.entries()) {
    const Tensor theirs = file.tensor(p.name);
    const Shape expected = to_pytorch_layout(p.value, p.layout).shape();
    if (theirs.shape() != expected)
      throw DataError("tensor '" + p.name + "': expected shape " + expected.text() + ", got " + theirs.shape().text());
    values.push_back(from_pytorch_layout(theirs, p.layout).cast(store.dtype()));
  }
  auto value = values.begin();
  for (const Parameter& p : store.entries()) {
    Tensor ours = p.value;
    ours.copy_from(*value++);
  }
}

}  // namespace nascent
