#include "engine/io/image.h"

#include <catch2/catch.hpp>

#include "tests/engine/io/temporary_folder.h"

using namespace nascent;
using namespace nascent::test;

namespace {

void check_refused(const std::filesystem::path& path, const std::string& reason) {
  check_message(message_of<DataError>([&] { read_image(path); }), path, reason);
}

// A PNG's first chunk with another width, its checksum put right.
std::string with_width(std::string png, std::uint32_t width) {
  for (std::size_t i = 0; i < 4; ++i) png[16 + i] = static_cast<char>(width >> (24 - 8 * i));
  const auto sum = ::crc32(0, reinterpret_cast<const Bytef*>(png.data()) + 12, 17);
  for (std::size_t i = 0; i < 4; ++i) png[29 + i] = static_cast<char>(sum >> (24 - 8 * i));
  return png;
}

}  // namespace

TEST_CASE("png: grey and colour come back", "[image]") {
  TemporaryFolder folder;
  for (const int channels : {1, 3}) {
    Image image{.width = 5, .height = 4, .channels = channels, .pixels = {}};
    for (int i = 0; i < 20 * channels; ++i) image.pixels.push_back(static_cast<std::uint8_t>(i * 4));
    const Image read = read_image(folder.write("a.png", encode_png(image)));
    CHECK((read.width == 5 && read.height == 4 && read.channels == channels));
    CHECK(read.pixels == image.pixels);
  }
  CHECK_THROWS_AS(encode_png({2, 2, 2, std::vector<std::uint8_t>(8)}), ContractError);
  CHECK_THROWS_AS(encode_png({2, 2, 1, std::vector<std::uint8_t>(3)}), ContractError);
  CHECK_THROWS_AS(encode_png({0, 0, 1, {}}), ContractError);
}

TEST_CASE("png: every cut and absurd sizes are refused", "[image]") {
  TemporaryFolder folder;
  const std::string good = encode_png({16, 16, 1, std::vector<std::uint8_t>(256, 7)});
  // The last 12 bytes only say that it is over.
  for (std::size_t size = 1; size < good.size() - 12; ++size)
    CHECK_THROWS_AS(read_image(folder.write("a.png", good.substr(0, size))), DataError);
  check_refused(folder.write("a.png", with_width(good, 60000)), "claims 16x60000 pixels, the limit is 4096 a side");
  check_refused(folder.write("a.png", with_width(good, 0)), "not a PNG that can be read");
  check_refused(folder.write("a.png", ""), "file is empty");
  check_refused(folder.write("a.png", "GIF89a"), "not a PNG, PGM or PPM image");
  CHECK_THROWS_AS(read_image(folder / "no.png"), FileError);
}

TEST_CASE("pnm: text and bytes, grey and colour, comments and other largest values", "[image]") {
  TemporaryFolder folder;
  const auto read = [&](const std::string& bytes) { return read_image(folder.write("a", bytes)); };
  using Bytes = std::vector<std::uint8_t>;
  CHECK(read("P2\n# made by hand\n2 1\n255\n7 255\n").pixels == Bytes{7, 255});
  CHECK(read("P5 2 2 255\n\x01\x02\n#").pixels == Bytes{1, 2, '\n', '#'});
  CHECK(read("P5 2 1 15\n\x03\x0f").pixels == Bytes{51, 255});
  CHECK(read("P3 1 1 15 0 15 5").pixels == Bytes{0, 255, 85});
  const Image colour = read("P6 1 2 255\nabcdef");
  CHECK((colour.width == 1 && colour.height == 2 && colour.channels == 3));
  CHECK(colour.pixels == Bytes{'a', 'b', 'c', 'd', 'e', 'f'});
}

TEST_CASE("pnm: what is out of order is refused with the reason", "[image]") {
  TemporaryFolder folder;
  const auto refused = [&](const std::string& bytes, const std::string& reason) {
    check_refused(folder.write("a", bytes), reason);
  };
  refused("P", "not a PGM or PPM");
  refused("P4 1 1\nx", "not a PGM or PPM");
  refused("P5", "expected a number (width) at offset 2");
  refused("P5 2 x", "expected a number (height)");
  refused("P5 0 2 255\n", "size or largest value of 0");
  refused("P5 5000 2 255\n", "width is over the limit of 4096");
  refused("P5 99999999999999999999 2 255\n", "over the limit");
  refused("P5 2 2 65535\nxxxxxxxx", "largest value is over the limit of 255");
  refused("P5 4096 4096 255\nabc", "holds 3 values or fewer, its header promises 16777216");
  refused("P5 2 2 255\nabc", "its header promises 4");
  refused("P5 2 2 255", "its header promises 4");
  refused("P5 2 1 255\nabc", "1 unexpected bytes");
  refused("P5 1 1 9\n\x0a", "value 10 is above the largest value 9");
  refused("P2 2 1 9\n1 x", "expected a number (value)");
}
