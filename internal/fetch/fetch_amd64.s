//go:build !race

#include "textflag.h"

// func Lines(address uintptr, n int)
TEXT ·Lines(SB), NOSPLIT, $0-16
	MOVQ address+0(FP), AX
	MOVQ n+8(FP), CX
next:
	PREFETCHT0 (AX)
	ADDQ $64, AX
	DECQ CX
	JGT  next
	RET

// func At(p any, n int)
TEXT ·At(SB), NOSPLIT, $0-24
	MOVQ p_data+8(FP), AX
	MOVQ n+16(FP), CX
next:
	PREFETCHT0 (AX)
	ADDQ $64, AX
	DECQ CX
	JGT  next
	RET

// func Stack() uintptr
TEXT ·Stack(SB), NOSPLIT, $0-8
	LEAQ ret+0(FP), AX
	MOVQ AX, ret+0(FP)
	RET
