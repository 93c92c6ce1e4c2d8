//go:build gc && (amd64 || arm64)

#include "textflag.h"

// func self() unsafe.Pointer
TEXT ·self(SB), NOSPLIT, $0-8
#ifdef GOARCH_amd64
	MOVQ (TLS), AX
	MOVQ AX, ret+0(FP)
#endif
#ifdef GOARCH_arm64
	MOVD g, ret+0(FP)
#endif
	RET
