// Files that cannot be used: one line with path and reason, exit code 3, and nothing written.
#include <functional>

#include "engine/io/image.h"
#include "tests/examples/small_runs.h"

using namespace nascent::test;

namespace {

// The paths in the tests below, in the order find_idx looks for them.
constexpr const char* images = "train-images-idx3-ubyte";
constexpr const char* images_gz = "train-images-idx3-ubyte.gz";
constexpr const char* labels = "train-labels-idx1-ubyte";
constexpr const char* labels_gz = "train-labels-idx1-ubyte.gz";

const Size size{1, 12, 12};
const std::string good_images = idx_images(32, size), good_labels = idx_labels(32);

struct Files {
  std::string what;
  std::vector<std::pair<std::string, std::string>> files;  // name, bytes
  std::string culprit, reason;
};

const Arguments quick = {"--channels", "2", "--layers", "1", "--epochs", "1", "--batch", "8"};

// Both programs refuse the folder, and an --out folder is not made.
void check_both_refuse(const Files& bad) {
  INFO(bad.what);
  const TemporaryFolder folder, out;
  for (const auto& [name, bytes] : bad.files) folder.write(name, bytes);
  const Arguments flags = quick + Arguments{"--data", folder.path(), "--out", out / "run"};
  const std::string path = bad.culprit.empty() ? folder.path() : folder / bad.culprit;
  for (const char* name : {"search", "train"}) {
    const bool train = name == std::string("train");
    const Outcome outcome = run(name, flags + (train ? Arguments{"--genotype", "DARTS_V1"} : Arguments{}));
    check_refused(outcome, 3, std::string(name) + ": " + path, bad.reason);
    CHECK(out.files() == 0);
    // What a header claims must not be taken: 16 GB here, the sanitizers' own overhead included.
    CHECK(outcome.peak_kilobytes < 1'000'000);
  }
}

Files bad_images(const std::string& what, const std::string& bytes, const std::string& reason) {
  return {what, {{images, bytes}, {labels, good_labels}}, images, reason};
}
Files bad_packed_images(const std::string& what, const std::string& bytes, const std::string& reason) {
  return {what, {{images_gz, bytes}, {labels, good_labels}}, images_gz, reason};
}
Files bad_labels(const std::string& what, const std::string& bytes, const std::string& reason) {
  return {what, {{images, good_images}, {labels, bytes}}, labels, reason};
}

std::string with_flipped_bit(std::string bytes, std::size_t at) {
  bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
  return bytes;
}

std::string label_9_but(std::uint8_t last) {
  std::string bytes = good_labels;
  bytes.back() = static_cast<char>(last);
  return bytes;
}

}  // namespace

TEST_CASE("damaged gzip files are refused") {
  const std::string packed = gzip(good_images), page = "<!DOCTYPE html><html>404</html>";
  for (const Files& bad :
       {bad_packed_images("truncated", packed.substr(0, packed.size() / 2), "compressed data ends early"),
        bad_packed_images("without its header", packed.substr(0, 10), "compressed data ends early"),
        bad_packed_images("without its trailer", packed.substr(0, packed.size() - 8), "checksum and length at its end"),
        bad_packed_images("half its trailer", packed.substr(0, packed.size() - 3), "checksum and length at its end"),
        bad_packed_images("a flipped bit", with_flipped_bit(packed, packed.size() / 2), "corrupt"),
        bad_packed_images("a flipped bit in the trailer", with_flipped_bit(packed, packed.size() - 6), "corrupt"),
        bad_packed_images("more after it", packed + "more", "4 unexpected bytes after the gzip stream"),
        bad_packed_images("a web page", page, "looks like a web page"),
        bad_packed_images("a web page, packed", gzip(page), "looks like a web page"),
        bad_packed_images("not packed", good_images, "not gzip"), bad_packed_images("empty", "", "file is empty"),
        bad_packed_images("empty, packed", gzip(""), "file is empty")})
    check_both_refuse(bad);
}

TEST_CASE("IDX files that are none, or promise what they do not hold, are refused") {
  const std::uint32_t most = 0xFFFFFFFF;
  for (const Files& bad :
       {bad_images("labels for images", good_labels, "image and label files swapped?"),
        bad_labels("images for labels", good_images, "image and label files swapped?"),
        bad_images("no IDX", "PNG? no.", "bad IDX magic"),
        bad_images("floats", idx({32, 12, 12}, std::string(4 * 32 * 144, '\0'), 0x0D), "only unsigned bytes"),
        bad_images("empty", "", "file is empty"),
        bad_labels("empty", "", "file is empty"),
        bad_images("a web page", "<html></html>", "looks like a web page"),
        bad_images("half a header", good_images.substr(0, 9), "ends inside its IDX header"),
        bad_images("one byte short", good_images.substr(0, good_images.size() - 1), "1 item too few"),
        bad_images("one byte more", good_images + "x", "1 item too many"),
        bad_images("absurd sizes", idx({most, most, most}, ""), "The file is corrupt"),
        bad_images("sizes whose product is 0 in 64 bits", idx({1u << 31, 1u << 31, 4}, ""), "The file is corrupt"),
        bad_images("16 GB in 20 bytes", idx({1u << 12, 1u << 10, 1u << 10, 4}, ""), "payload has 0"),
        bad_packed_images("16 GB in 20 bytes, packed", gzip(idx({1u << 12, 1u << 10, 1u << 10, 4}, "")),
                          "payload has 0"),
        bad_labels("4 G labels", idx({most}, "123"), "payload has 3"),
        bad_images("no images", idx({0, 12, 12}, ""), "holds nothing"),
        bad_images("no pixels", idx({32, 0, 12}, ""), "The file is corrupt"),
        bad_labels("a label too large", label_9_but(10), "label 10 at index 31, valid 0..9"),
        bad_labels("a label far too large", label_9_but(255), "label 255 at index 31"),
        bad_labels("fewer labels", idx_labels(31), "31 labels for 32 images"),
        Files{"no labels", {{images, good_images}}, "", "no train-labels-idx1-ubyte[.gz] beside it"},
        Files{"packed labels cut",
              {{images, good_images}, {labels_gz, gzip(good_labels).substr(0, 15)}},
              labels_gz,
              "ends early"},
        Files{"one class name",
              {{images, good_images}, {labels, good_labels}, {"classes.txt", "shirt\n"}},
              "classes.txt",
              "1 class names, expected 2 to 256"}})
    check_both_refuse(bad);
}

TEST_CASE("CIFAR-10 files of a wrong size or another kind are refused") {
  for (const Files& bad :
       {Files{"cut", {{"data_batch_1.bin", cifar_records(9).substr(1)}}, "data_batch_1.bin", "not a multiple of 3073"},
        Files{"empty", {{"data_batch_1.bin", ""}}, "data_batch_1.bin", "file is empty"},
        Files{"the second",
              {{"data_batch_1.bin", cifar_records(9)}, {"data_batch_2.bin", "x"}},
              "data_batch_2.bin",
              "not a multiple"},
        Files{"CIFAR-100", {{"data_batch_1.bin", std::string(3074 * 4, '\1')}}, "data_batch_1.bin", "CIFAR-100"},
        Files{"a label too large",
              {{"data_batch_1.bin", std::string(3073, '\x0a')}},
              "data_batch_1.bin",
              "label 10 in record 0"},
        Files{"Python's pickles", {{"data_batch_1", "\x80\x02}"}, {"batches.meta", "x"}}, "", "pickle"}})
    check_both_refuse(bad);
}

TEST_CASE("image folders with images of several sizes, damaged ones or none are refused") {
  const std::string pixels = speckle(144);
  const std::string png = nascent::encode_png({12, 12, 1, {pixels.begin(), pixels.end()}});
  const auto with = [&](const std::string& name, const std::string& bytes, const std::string& reason) {
    return Files{name, {{"train/a/0.ppm", ppm(12, 12, 0)}, {"train/b/" + name, bytes}}, "train/b/" + name, reason};
  };
  for (const Files& bad :
       {with("larger.ppm", ppm(12, 13, 1), "is 3x12x13, the images before it are 3x12x12"),
        with("grey.png", png, "is 1x12x12, the images before it are 3x12x12"),
        with("cut.png", png.substr(0, png.size() - 20), "Is the file whole?"),
        with("flipped.png", with_flipped_bit(png, png.size() / 2), "Is the file whole?"),
        with("cut.ppm", ppm(12, 12, 1).substr(0, 100), "its header promises 432"),
        with("page.png", "<html></html>", "not a PNG, PGM or PPM image"), with("empty.png", "", "file is empty"),
        with("wide.ppm", "P6 99999 99999 255\n", "over the limit of 4096"),
        with("notes.txt", "cats", "not a .png, .pgm, .ppm or .pnm file"),
        Files{"an empty class", {{"train/a/0.ppm", ppm(12, 12, 0)}, {"train/b/.hidden", ""}}, "train/b", "no images"},
        Files{"nothing", {}, "", "no training images found"},
        Files{"files, no classes", {{"0.png", png}}, "", "no training images found"}})
    check_both_refuse(bad);
}

TEST_CASE("a search needs images for both of its halves") {
  for (const char* limit : {"1", "2", "3"}) {
    const TemporaryFolder out;
    check_refused(run("search", quick + drawn_images + Arguments{"--limit", limit, "--out", out / "run"}), 3, "search",
                  "a search needs at least 4 training images, got " + std::string(limit));
    CHECK(out.files() == 0);
  }
  CHECK(run("search", quick + drawn_images + Arguments{"--limit", "4"}).exit_code == 0);
}

TEST_CASE("test images that do not fit the training images are refused before the training") {
  struct Case {
    Size size;
    std::string reason;
  };
  for (const Case& c : {Case{{1, 14, 12}, "the test images are 1x14x12 of 10 classes, the training images 1x12x12"},
                        Case{{2, 12, 12}, "the test images are 2x12x12 of 10 classes"}}) {
    const TemporaryFolder folder, out;
    write_idx_training(folder, 32, size);
    write_idx_test(folder, 8, c.size);
    check_refused(
        run("train", quick + Arguments{"--genotype", "DARTS_V1", "--data", folder.path(), "--out", out / "x"}), 3,
        "train: " + folder.path().string(), c.reason);
    CHECK(out.files() == 0);
  }
  const TemporaryFolder folder;
  write_idx_training(folder, 32, size);
  check_refused(run("train", quick + Arguments{"--genotype", "DARTS_V1", "--data", folder.path()}), 3,
                "train: " + folder.path().string(), "no test images found");
}

TEST_CASE("a data folder that is not there, or no folder, is told apart") {
  const TemporaryFolder folder, out;
  const auto archive = folder.write("images.tar.gz", "x");
  const auto refused = [&](const std::string& data, int code, const std::string& reason) {
    check_refused(run("search", quick + Arguments{"--data", data, "--out", out / "run"}), code, "search", reason);
    CHECK(out.files() == 0);
  };
  refused(folder / "nowhere", 4, (folder / "nowhere").string() + ": no such folder");
  refused(archive, 3, archive.string() + ": is a file, expected a folder. Unpack it");
  refused(archive / "within", 4, (archive / "within").string() + ": ");
  refused("synthetic:3x32", 2, "expected synthetic or synthetic:CxHxW");
  refused("synthetic:0x32x32", 2, "data 'synthetic:0x32x32'");
  refused("synthetic:3x9999x9999", 2, "data 'synthetic:3x9999x9999'");
}
