#include "engine/io/safetensors.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "tests/engine/io/temporary_folder.h"
#include "tests/support/reference.h"
#include "tests/support/skip.h"

using namespace nascent;
using namespace nascent::test;

namespace {

std::string file_of(const std::string& header, const std::string& data) {
  std::string bytes(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + data;
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  return fmt::format(R"("{}":{{"dtype":"{}","shape":{},"data_offsets":{}}})", name, dtype, shape, offsets);
}

std::string braced(const std::string& members) { return fmt::format("{{{}}}", members); }

}  // namespace

TEST_CASE("safetensors: tensors and metadata come back to the bit, in their order", "[safetensors]") {
  TemporaryFolder folder;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> f{1.5f, -0.0f, nan, 1e-45f, 3, std::numeric_limits<float>::infinity()};
  const std::vector<double> d{0.1, -1e308, 5e-324};
  const std::vector<NamedTensor> tensors{{"z.weight", Tensor::from({2, 3}, f)},
                                         {"a \"quoted\" \xc3\xa9", Tensor::from({3}, d)},
                                         {"scalar", Tensor::scalar(7)},
                                         {"nothing", Tensor::empty({0, 4})}};
  write_safetensors(folder / "w", tensors, {{"step", "12"}, {"note", "a\nb"}});
  const auto file = SafetensorsFile::read(folder / "w");
  CHECK(file.names() == std::vector<std::string>{"z.weight", "a \"quoted\" \xc3\xa9", "scalar", "nothing"});
  CHECK(file.metadata() == std::map<std::string, std::string>{{"step", "12"}, {"note", "a\nb"}});
  for (const auto& [name, tensor] : tensors) {
    const Tensor read = file.tensor(name);
    REQUIRE(read.shape() == tensor.shape());
    REQUIRE(read.dtype() == tensor.dtype());
    CHECK(std::memcmp(read.bytes_data(), tensor.bytes_data(), tensor.bytes()) == 0);
  }
  const std::string bytes = contents(folder / "w");
  CHECK((bytes.size() - 6 * 4 - 3 * 8 - 4) % 8 == 0);  // the data begin at a multiple of 8
  CHECK(folder.files() == 1);
}

TEST_CASE("safetensors: an empty file of tensors is a file", "[safetensors]") {
  TemporaryFolder folder;
  write_safetensors(folder / "w", {});
  CHECK(SafetensorsFile::read(folder / "w").names().empty());
}

TEST_CASE("safetensors: the writer refuses names it could not read back", "[safetensors]") {
  TemporaryFolder folder;
  const Tensor one = Tensor::scalar(1);
  const auto write = [&](std::vector<NamedTensor> tensors) { write_safetensors(folder / "w", tensors); };
  CHECK_THROWS_AS(write({{"a", one}, {"a", one}}), ContractError);
  CHECK_THROWS_AS(write({{"__metadata__", one}}), ContractError);
  CHECK_THROWS_AS(write({{"\xff", one}}), ContractError);
  CHECK_THROWS_AS(write({{"a", Tensor()}}), ContractError);
  CHECK(folder.files() == 0);
}

TEST_CASE("safetensors: offsets order tensors, other types are listed but not read", "[safetensors]") {
  TemporaryFolder folder;
  std::string data(8 + 16 + 4, '\0');
  data[8] = 5, data[16] = -1;
  for (int i = 17; i < 24; ++i) data[static_cast<std::size_t>(i)] = -1;
  const auto path = folder.write(
      "w", file_of(braced(entry("half", "BF16", "[2,1]", "[24,28]") + "," + entry("labels", "I64", "[2]", "[8,24]") +
                          "," + entry("d", "F64", "[]", "[0,8]")) +
                       "  ",
                   data));
  const auto file = SafetensorsFile::read(path);
  CHECK(file.names() == std::vector<std::string>{"d", "labels", "half"});
  CHECK(file.contains("half"));
  CHECK_FALSE(file.contains("other"));
  CHECK(file.dtype("half") == "BF16");
  CHECK(file.shape("half") == Shape{2, 1});
  CHECK(file.integers("labels") == std::vector<std::int64_t>{5, -1});
  CHECK(file.tensor("d").item() == 0);
  check_message(message_of<DataError>([&] { file.tensor("half"); }), path, "tensor 'half' holds BF16");
  check_message(message_of<DataError>([&] { file.tensor("labels"); }), path, "holds I64");
  check_message(message_of<DataError>([&] { file.integers("d"); }), path, "holds F64");
  check_message(message_of<DataError>([&] { file.tensor("other"); }), path, "has no tensor 'other'");
}

TEST_CASE("safetensors: what is out of order is refused with the reason", "[safetensors]") {
  TemporaryFolder folder;
  const auto refused_bytes = [&](const std::string& bytes, const std::string& reason) {
    const auto path = folder.write("w", bytes);
    check_message(message_of<DataError>([&] { SafetensorsFile::read(path); }), path, reason);
  };
  const auto refused = [&](const std::string& header, std::size_t data, const std::string& reason) {
    refused_bytes(file_of(header, std::string(data, '\0')), reason);
  };
  const std::string good = entry("a", "F32", "[2]", "[0,8]");
  refused_bytes("", "too few");
  refused_bytes("1234567", "too few");
  refused_bytes(std::string(8, '\0'), "does not begin with '{'");
  refused_bytes(std::string(8, '\xff'), "over the limit");
  refused_bytes(file_of(braced(good), "").substr(0, 20), "past the end of the file");
  refused(fmt::format(" {{{}}}", good), 8, "does not begin with '{'");
  refused(braced(good).substr(0, good.size()), 8, "is not JSON");
  refused(braced(good) + "x", 8, "is not JSON");
  refused(braced(good + "," + good), 8, "key 'a' twice");
  refused(R"({"a":{"dtype":"F32","dtype":"F64","shape":[2],"data_offsets":[0,8]}})", 8, "key 'dtype' twice");
  refused(R"({"__metadata__":{"x":"1","x":"2"}})", 0, "key 'x' twice");
  refused(R"({"__metadata__":{"x":1}})", 0, "metadata 'x' is not a text");
  refused(R"({"__metadata__":"x"})", 0, "not a JSON object");
  refused(R"({"a":[1]})", 0, "not a JSON object");
  refused(R"({"a":{"dtype":"F32","shape":[2]}})", 8, "needs dtype, shape and data_offsets");
  refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1}})", 8, "and nothing else");
  refused(R"({"a":{"dtype":4,"shape":[2],"data_offsets":[0,8]}})", 8, "needs dtype");
  refused(braced(entry("a", "F31", "[2]", "[0,8]")), 8, "unknown type 'F31'");
  refused(braced(entry("a", "F32", "[-2]", "[0,8]")), 8, "'shape' is not a list of whole numbers");
  refused(braced(entry("a", "F32", "[2.0]", "[0,8]")), 8, "whole numbers");
  refused(braced(entry("a", "F32", "2", "[0,8]")), 8, "whole numbers");
  refused(braced(entry("a", "F32", "[18446744073709551616]", "[0,8]")), 8, "whole numbers");
  refused(braced(entry("a", "F32", "[1,1,1,1,1,2]", "[0,8]")), 8, "6 axes");
  refused(braced(entry("a", "F32", "[4294967296,4294967296]", "[0,0]")), 0, "absurdly large");
  refused(braced(entry("a", "F32", "[4611686018427387904,4]", "[0,0]")), 0, "absurdly large");
  refused(braced(entry("a", "F32", "[2]", "[0,7]")), 7, "takes 8 bytes, its offsets span 7");
  refused(braced(entry("a", "F32", "[2]", "[8,0]")), 8, "not [begin, end]");
  refused(braced(entry("a", "F32", "[2]", "[0,8,16]")), 8, "not [begin, end]");
  refused(braced(entry("a", "F32", "[2]", "[4,12]")), 12, "(hole)");
  refused(braced(good + "," + entry("b", "F32", "[2]", "[12,20]")), 20, "(hole)");
  refused(braced(good + "," + entry("b", "F32", "[2]", "[4,12]")), 12, "(overlap)");
  refused(braced(good), 9, "describes 8 bytes of data, the file has 9");
  refused(braced(good), 7, "describes 8 bytes of data, the file has 7");
  refused(braced(entry("\xff", "F32", "[2]", "[0,8]")), 8, "is not JSON");
}

TEST_CASE("safetensors: every cut of a good file is refused", "[safetensors]") {
  TemporaryFolder folder;
  write_safetensors(folder / "w", std::vector<NamedTensor>{{"a", Tensor::zeros({3})}});
  const std::string bytes = contents(folder / "w");
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_THROWS_AS(SafetensorsFile::read(folder.write("cut", bytes.substr(0, size))), DataError);
}

TEST_CASE("safetensors: missing files and unwritable places are FileErrors", "[safetensors]") {
  TemporaryFolder folder;
  CHECK_THROWS_AS(SafetensorsFile::read(folder / "no"), FileError);
  CHECK_THROWS_AS(write_safetensors(folder / "no/w", {}), FileError);
}

TEST_CASE("safetensors: files that PyTorch wrote are read", "[safetensors][reference]") {
  const auto path = reference_folder("lecture7-reference") / "data.safetensors";
  if (!std::filesystem::exists(path)) return skip("no " + path.string());
  const auto file = SafetensorsFile::read(path);
  CHECK(file.names() == std::vector<std::string>{"x_train", "y_train", "x_val", "y_val"});
  const Tensor images = file.tensor("x_train");
  CHECK(images.shape() == Shape{500, 3, 32, 32});
  CHECK(images.array<float>().isFinite().all());
  for (std::int64_t label : file.integers("y_train")) REQUIRE((label >= 0 && label < 10));
}
