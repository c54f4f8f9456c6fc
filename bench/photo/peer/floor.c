/* The floor: what libjpeg-turbo needs for one decode and three encodes, with nothing between them.
 *
 *   floor INPUT FOLDER
 *
 * Decodes to planes at half size, or at full size where half would be less than 1.8 x 1080 pixels; then encodes the
 * planes that lie in FOLDER as large.yuv, medium.yuv and thumbnail.yuv (see floor.rs), 4:2:0, quality 80, optimised Huffman
 * tables. Says "ready", then answers lines of standard input, see serve.rs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <jpeglib.h>
#include <turbojpeg.h>

enum { RENDITIONS = 3, PLANES = 3, BLOCK = 16, LEAST_SIDE = 1944, QUALITY = 80 };

static const char *const NAMES[RENDITIONS] = {"large", "medium", "thumbnail"};

/* A picture as planes, and the JPEG that is made of it. */
struct rendition {
  int width, height;
  /* Of the planes: multiples of BLOCK, halved for colour. */
  int stride, rows;
  unsigned char *planes[PLANES];
  unsigned char *jpeg;
  unsigned long capacity, length;
};

static void fail(const char *what) {
  fprintf(stderr, "floor: %s\n", what);
  exit(1);
}

static void *allocate(size_t size) {
  void *memory = malloc(size);
  if (memory == NULL) fail("out of memory");
  return memory;
}

static FILE *open_in(const char *folder, const char *name, const char *extension, const char *mode) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s.%s", folder, name, extension);
  FILE *file = fopen(path, mode);
  if (file == NULL) fail(path);
  return file;
}

static void read_exactly(FILE *file, unsigned char *target, size_t size) {
  if (fread(target, 1, size, file) != size) fail("a file is shorter than it says");
}

static unsigned char *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) fail(path);
  long end = ftell(file);
  if (end < 0) fail(path);
  rewind(file);
  *size = (size_t)end;
  unsigned char *bytes = allocate(*size);
  read_exactly(file, bytes, *size);
  fclose(file);
  return bytes;
}

static void read_planes(struct rendition *rendition, const char *folder, const char *name) {
  FILE *file = open_in(folder, name, "yuv", "rb");
  if (fscanf(file, "%d %d", &rendition->width, &rendition->height) != 2 || fgetc(file) != '\n') fail(name);
  rendition->stride = (rendition->width + BLOCK - 1) / BLOCK * BLOCK;
  rendition->rows = (rendition->height + BLOCK - 1) / BLOCK * BLOCK;
  for (int plane = 0; plane < PLANES; plane += 1) {
    size_t size = (size_t)rendition->stride * (size_t)rendition->rows / (plane == 0 ? 1 : 4);
    rendition->planes[plane] = allocate(size);
    read_exactly(file, rendition->planes[plane], size);
  }
  fclose(file);
  rendition->capacity = (unsigned long)rendition->stride * (unsigned long)rendition->rows * 2;
  rendition->jpeg = allocate(rendition->capacity);
}

static void decode(const unsigned char *bytes, size_t size) {
  tjhandle handle = tjInitDecompress();
  int width, height, sampling, space;
  if (handle == NULL || tjDecompressHeader3(handle, bytes, size, &width, &height, &sampling, &space) != 0) {
    fail("the input is no JPEG");
  }
  tjscalingfactor scale = {1, (width > height ? width : height) / 2 >= LEAST_SIDE ? 2 : 1};
  width = TJSCALED(width, scale);
  height = TJSCALED(height, scale);
  unsigned char *planes[PLANES];
  for (int plane = 0; plane < PLANES; plane += 1) {
    planes[plane] = allocate(tjPlaneSizeYUV(plane, width, 0, height, sampling));
  }
  if (tjDecompressToYUVPlanes(handle, bytes, size, planes, width, NULL, height, 0) != 0) fail(tjGetErrorStr2(handle));
  for (int plane = 0; plane < PLANES; plane += 1) free(planes[plane]);
  tjDestroy(handle);
}

static void encode(struct rendition *rendition) {
  struct jpeg_compress_struct encoder;
  struct jpeg_error_mgr errors;
  encoder.err = jpeg_std_error(&errors);
  jpeg_create_compress(&encoder);
  unsigned char *jpeg = rendition->jpeg;
  rendition->length = rendition->capacity;
  jpeg_mem_dest(&encoder, &jpeg, &rendition->length);
  encoder.image_width = (JDIMENSION)rendition->width;
  encoder.image_height = (JDIMENSION)rendition->height;
  encoder.input_components = PLANES;
  encoder.in_color_space = JCS_YCbCr;
  jpeg_set_defaults(&encoder); /* 4:2:0 */
  jpeg_set_quality(&encoder, QUALITY, TRUE);
  encoder.optimize_coding = TRUE;
  encoder.raw_data_in = TRUE;
  jpeg_start_compress(&encoder, TRUE);
  while (encoder.next_scanline < encoder.image_height) {
    JSAMPROW rows[PLANES][BLOCK];
    JSAMPARRAY planes[PLANES] = {rows[0], rows[1], rows[2]};
    for (int plane = 0; plane < PLANES; plane += 1) {
      int half = plane == 0 ? 1 : 2;
      for (int row = 0; row < BLOCK / half; row += 1) {
        size_t at = (size_t)((int)encoder.next_scanline / half + row) * (size_t)(rendition->stride / half);
        rows[plane][row] = rendition->planes[plane] + at;
      }
    }
    jpeg_write_raw_data(&encoder, planes, BLOCK);
  }
  jpeg_finish_compress(&encoder);
  jpeg_destroy_compress(&encoder);
  if (jpeg != rendition->jpeg) fail("a JPEG is larger than its pixels");
}

static double cpu_seconds(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int count, char **arguments) {
  if (count != 3) fail("floor INPUT FOLDER");
  const char *folder = arguments[2];
  struct rendition renditions[RENDITIONS];
  unsigned char *bytes = NULL;
  size_t size = 0;
  char line[64];
  printf("{\"ready\":true}\n");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin) != NULL) {
    double cpu = 0, wall = 0;
    if (strncmp(line, "run ", 4) == 0) {
      if (bytes == NULL) {
        bytes = read_file(arguments[1], &size);
        for (int at = 0; at < RENDITIONS; at += 1) read_planes(&renditions[at], folder, NAMES[at]);
      }
      cpu = cpu_seconds();
      wall = seconds();
      for (long turn = strtol(line + 4, NULL, 10); turn > 0; turn -= 1) {
        decode(bytes, size);
        for (int at = 0; at < RENDITIONS; at += 1) encode(&renditions[at]);
      }
      cpu = cpu_seconds() - cpu;
      wall = seconds() - wall;
    } else if (bytes != NULL) {
      for (int at = 0; at < RENDITIONS; at += 1) {
        FILE *file = open_in(folder, NAMES[at], "jpg", "wb");
        if (fwrite(renditions[at].jpeg, 1, renditions[at].length, file) != renditions[at].length) fail("disk full");
        fclose(file);
      }
    }
    printf("{\"cpu\":%.6f,\"wall\":%.6f}\n", cpu, wall);
    fflush(stdout);
  }
  return 0;
}
