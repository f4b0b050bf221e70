// A sample that a C program and a Swift program share in memory.
#pragma once
#include <stdint.h>

enum quality { QUALITY_GOOD, QUALITY_POOR };

struct sample {
  _Atomic uint32_t state;
  int32_t sensor;
  int64_t time;
  double value;
  uint32_t quality;
  char unit[8];
  uint32_t reserved;
};
