#include "tests/support/reference.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "nas/verify/verify.h"
#include "tests/engine/io/temporary_folder.h"
#include "tests/nas/reference_files.h"
#include "tests/support/skip.h"

using namespace nascent;
using namespace nascent::nas;
using namespace nascent::test;
namespace fs = std::filesystem;

namespace {

void check_reference(const std::string& name, std::size_t quantities) {
  const fs::path folder = reference_folder(name);
  if (!fs::is_directory(folder)) return skip("no ../shared/data/" + name);
  const std::vector<Quantity> found = verify(folder);
  CHECK(found.size() == quantities);
  for (const Quantity& q : found) {
    INFO(q.name << ": " << q.relative_error << ", bound " << q.bound);
    CHECK(q.ok());
  }
}

std::vector<std::string> out_of_bound(const fs::path& folder) {
  std::vector<std::string> names;
  for (const Quantity& q : verify(folder))
    if (!q.ok()) names.push_back(q.name);
  return names;
}

// Reads a file of a reference, lets `change` alter the tensor `name`, and writes it back.
void rewrite(const fs::path& path, const std::string& name, const std::function<Tensor(const Tensor&)>& change) {
  const SafetensorsFile file = SafetensorsFile::read(path);
  std::vector<NamedTensor> tensors;
  for (const std::string& n : file.names()) tensors.push_back({n, n == name ? change(file.tensor(n)) : file.tensor(n)});
  REQUIRE(file.contains(name));
  write_safetensors(path, tensors);
}

Tensor nudge(const Tensor& t) {
  Tensor out = t.clone();
  out.mutable_data<double>()[0] += 1e-3;
  return out;
}
Tensor longer(const Tensor& t) {
  Shape shape = t.shape();
  shape[0] += 1;
  return Tensor::zeros(shape, t.dtype());
}
Tensor flat(const Tensor& t) { return t.view({t.elements()}); }

void change_values(const fs::path& folder, const std::function<void(nlohmann::json&)>& change) {
  nlohmann::json values = nlohmann::json::parse(contents(folder / "values.json"));
  change(values);
  std::ofstream(folder / "values.json") << values;
}

}  // namespace

TEST_CASE("one bi-level step of a darts supernet agrees with PyTorch's") { check_reference("darts-reference", 8); }

TEST_CASE("the course demo in f64 agrees with PyTorch's over all its epochs", "[full]") {
  check_reference("lecture7-reference-f64", 7);
}

TEST_CASE("the course demo in f32 agrees with PyTorch's at its start", "[full]") {
  check_reference("lecture7-reference", 5);
}

TEST_CASE("a reference made by this engine agrees with it, and a perturbed one is found out by name") {
  const TemporaryFolder folder;
  write_darts_reference(folder.path());
  REQUIRE(out_of_bound(folder.path()).empty());
  using Names = std::vector<std::string>;
  const auto perturbed = [&](const char* file, const char* tensor) {
    rewrite(folder / file, tensor, nudge);
    return out_of_bound(folder.path());
  };
  SECTION("train gradients") {
    CHECK(perturbed("train_gradients.safetensors", "cells.0.edges.3.ops.6.1.weight") == Names{"weight gradients"});
  }
  SECTION("first order") {
    CHECK(perturbed("alpha_gradient_first_order.safetensors", "alpha.1") == Names{"alpha gradient, first order"});
  }
  SECTION("second order") {
    CHECK(perturbed("alpha_gradient_second_order.safetensors", "alpha.1") ==
          Names{"alpha gradient, second order by finite difference"});
  }
  SECTION("exact") {
    CHECK(perturbed("alpha_gradient_exact.safetensors", "alpha.1") == Names{"alpha gradient, second order exact"});
  }
  SECTION("momentum enters the second order and the exact one") {
    const Names names = perturbed("momentum.safetensors", "head.weight");
    CHECK(names.size() == 2);
  }
  SECTION("losses") {
    change_values(folder.path(), [](nlohmann::json& v) { v["train_loss"] = 1.0; });
    CHECK(out_of_bound(folder.path()) == Names{"train loss"});
  }
  SECTION("a number that is none") {
    rewrite(folder / "alpha_gradient_exact.safetensors", "alpha.1",
            [](const Tensor& t) { return Tensor::full(t.shape(), NAN, t.dtype()); });
    CHECK(out_of_bound(folder.path()) == Names{"alpha gradient, second order exact"});
  }
}

TEST_CASE("a folder that holds no reference is refused") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(verify(folder / "missing"), FileError);
  CHECK_THROWS_AS(verify(folder.path()), DataError);
  const std::string file = folder.write("a file", "");
  CHECK_THROWS_AS(verify(file), FileError);
}

TEST_CASE("a reference whose files do not fit together is refused as data") {
  const TemporaryFolder folder;
  write_darts_reference(folder.path());
  const auto refused = [&] {
    const std::string message = message_of<DataError>([&] { verify(folder.path()); });
    INFO(message);
    CHECK(message.find(folder.path().string()) != std::string::npos);
    CHECK(message.find('\n') == std::string::npos);
  };
  const auto reshaped = [&](const char* file, const char* tensor, const std::function<Tensor(const Tensor&)>& change) {
    rewrite(folder / file, tensor, change);
    refused();
  };
  SECTION("weight") { reshaped("initial_state.safetensors", "cells.0.edges.3.ops.6.1.weight", longer); }
  SECTION("weight of another rank") { reshaped("initial_state.safetensors", "cells.0.edges.3.ops.6.1.weight", flat); }
  SECTION("stem, which says how many channels there are") {
    reshaped("initial_state.safetensors", "stem.0.weight", longer);
  }
  SECTION("head, which says how many classes there are") { reshaped("initial_state.safetensors", "head.weight", flat); }
  SECTION("alpha") { reshaped("initial_state.safetensors", "alpha.1", longer); }
  SECTION("velocity") { reshaped("momentum.safetensors", "head.weight", longer); }
  SECTION("velocity of another rank") { reshaped("momentum.safetensors", "stem.0.weight", flat); }
  SECTION("velocity of a depthwise kernel") {
    reshaped("momentum.safetensors", "cells.0.edges.3.ops.6.1.weight", flat);
  }
  SECTION("gradient") { reshaped("train_gradients.safetensors", "head.weight", longer); }
  SECTION("alpha gradient") { reshaped("alpha_gradient_exact.safetensors", "alpha.0", flat); }
  SECTION("element type of the velocity") {
    reshaped("momentum.safetensors", "head.weight", [](const Tensor& t) { return t.cast(DType::f32); });
  }
  SECTION("a missing tensor") {
    write_safetensors(folder / "momentum.safetensors", {});
    refused();
  }
  SECTION("a label that is no class") {
    write_inputs(folder / "inputs.safetensors",
                 {{"x_train", random_tensor({2, 1, 6, 5}, 1)}, {"x_val", random_tensor({1, 1, 6, 5}, 2)}},
                 {{"y_train", {0, 3}}, {"y_val", {0}}});
    refused();
  }
  SECTION("fewer labels than images") {
    write_inputs(folder / "inputs.safetensors",
                 {{"x_train", random_tensor({2, 1, 6, 5}, 1)}, {"x_val", random_tensor({1, 1, 6, 5}, 2)}},
                 {{"y_train", {0}}, {"y_val", {0}}});
    refused();
  }
  SECTION("images of another size in validation") {
    write_inputs(folder / "inputs.safetensors",
                 {{"x_train", random_tensor({2, 1, 6, 5}, 1)}, {"x_val", random_tensor({1, 2, 6, 5}, 2)}},
                 {{"y_train", {0, 1}}, {"y_val", {0}}});
    refused();
  }
  SECTION("a value that is missing") {
    change_values(folder.path(), [](nlohmann::json& v) { v.erase("eta"); });
    refused();
  }
  SECTION("a value that is no number") {
    change_values(folder.path(), [](nlohmann::json& v) { v["val_loss"] = "2.3"; });
    refused();
  }
  SECTION("values that are no JSON") {
    folder.write("values.json", "{\"eta\": ");
    refused();
  }
  SECTION("a history that is another JSON") {
    folder.write("history.json", "[1, 2]");
    refused();
  }
}

TEST_CASE("a reference with a missing file is refused by its path") {
  const TemporaryFolder folder;
  write_darts_reference(folder.path());
  for (const char* name : {"inputs.safetensors", "momentum.safetensors", "alpha_gradient_exact.safetensors"}) {
    write_darts_reference(folder.path());
    fs::remove(folder / name);
    CHECK(message_of<FileError>([&] { verify(folder.path()); }).starts_with((folder / name).string()));
  }
}
